"""Grants out of a YAML file, for `manage.py render`: no database, no cluster.

Everything wrong with a file is reported at once, each with line, column and path.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
    Wish,
)
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.policies import PolicyContext, blocking, evaluate_without_inventory
from egress.domain.wording import quoted
from egress.domain.yaml_tree import Place, Tree, YamlError, read_tree

MAX_CHARACTERS = 4 * 1024 * 1024
_MAX_GRANTS = 20_000


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong; `line` and `column` count from 1, `path` is `grants[1].subject`."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        return f"line {self.line}, column {self.column}: {path}{self.message}"


class GrantsFileError(ValueError):
    """A grants file is wrong; `problems` holds everything that was found, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class GrantsFile:
    """What a grants file says, ready for `render`."""

    cluster: ClusterProfile
    inventory: Inventory
    grants: tuple[Access, ...]


def parse_grants_file(text: str) -> GrantsFile:
    """Return what a grants file says. Raises GrantsFileError with all problems at once."""
    if len(text) > MAX_CHARACTERS:
        raise GrantsFileError(
            [Problem(1, 1, "", f"The file has more than {MAX_CHARACTERS} characters.")]
        )
    try:
        tree = read_tree(text)
    except YamlError as error:
        raise GrantsFileError([_problem(error.place, error.message)]) from error
    reader = _Reader()
    result = reader.file(tree)
    if reader.problems:
        raise GrantsFileError(reader.problems)
    return result


def _problem(place: Place, message: str) -> Problem:
    return Problem(place.line, place.column, place.path, message)


class _Reader:
    """Reads the tree top down and collects problems instead of stopping at the first one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._zones: tuple[str, ...] = ()

    def file(self, tree: Tree) -> GrantsFile:
        fields = self._fields(tree, required=("grants",), optional=("cluster", "namespaces"))
        cluster = self._cluster(fields.get("cluster"))
        namespaces = self._namespaces(fields.get("namespaces"))
        inventory = Inventory(namespaces)
        grants = self._grants(fields.get("grants"), cluster, inventory)
        return GrantsFile(cluster, inventory, grants)

    def _cluster(self, tree: Tree | None) -> ClusterProfile:
        names = ("installation", "enforcement", "trustDomain", "clusterDomain")
        zones = "allowedPrivateZones"
        fields = self._fields(tree, optional=(*names, zones)) if tree else {}
        values = {name: self._text(fields[name]) for name in names if name in fields}
        enforcement = values.get("enforcement", "sidecar")
        if enforcement not in set(Enforcement):
            self._say(fields["enforcement"], _one_of(enforcement, [e.value for e in Enforcement]))
            enforcement = "sidecar"
        installation = values.get("installation", "render")
        if not is_label_value(installation):
            self._say(
                fields["installation"],
                f"{quoted(installation)} cannot be the value of a label. Use letters, digits, dots "
                "and hyphens, at most 63.",
            )
        self._zones = tuple(self._text(zone) for zone in self._list(fields.get(zones)))
        return ClusterProfile(
            installation=installation,
            enforcement=Enforcement(enforcement),
            trust_domain=values.get("trustDomain", "cluster.local"),
            cluster_domain=values.get("clusterDomain", "cluster.local"),
        )

    def _namespaces(self, tree: Tree | None) -> dict[str, NamespaceFacts]:
        found: dict[str, NamespaceFacts] = {}
        for item in self._list(tree):
            fields = self._fields(item, required=("name",), optional=("defaultDeny",))
            name = self._label(fields.get("name"))
            if name in found:
                self._say(item, f"Namespace {quoted(name)} stands here twice. Keep one of them.")
            deny = self._flag(fields.get("defaultDeny"))
            found[name] = NamespaceFacts(name, default_deny=deny)
        return found

    def _grants(
        self, tree: Tree | None, cluster: ClusterProfile, inventory: Inventory
    ) -> tuple[Access, ...]:
        items = self._list(tree)
        if len(items) > _MAX_GRANTS and tree:
            self._say(tree, f"The file has more than {_MAX_GRANTS} grants. Split it.")
            return ()
        accesses: dict[Access, None] = {}
        seen: dict[tuple[str, str, int], Access] = {}
        for item in items:
            before = len(self.problems)
            fields = self._fields(item, required=("subject", "destination"))
            subject = self._subject(fields.get("subject"))
            destination = self._destination(fields.get("destination"))
            if len(self.problems) > before:
                continue
            access = Access(subject, destination)
            place = (subject.namespace, destination.host, destination.port)
            earlier = seen.setdefault(place, access)
            context = PolicyContext(
                cluster,
                inventory,
                (earlier,) if earlier.destination != destination else (),
                allowed_private_zones=self._zones,
            )
            self._judge(item, access, context)
            accesses[access] = None
        return tuple(accesses)

    def _judge(self, item: Tree, access: Access, context: PolicyContext) -> None:
        wish = Wish(access.subject, (access.destination,), None)
        for finding in blocking(evaluate_without_inventory(wish, context)):
            self._say(_tree_of(item, finding.field), finding.message)

    def _subject(self, tree: Tree | None) -> Subject:
        fields = self._fields(tree, required=("namespace",), optional=("serviceAccount",))
        account = fields.get("serviceAccount")
        return Subject(self._text(fields.get("namespace")), self._text(account) if account else "")

    def _destination(self, tree: Tree | None) -> Destination:
        fields = self._fields(
            tree, required=("host", "port", "protocol"), optional=("tlsOrigination",)
        )
        return Destination(
            host=self._host(fields.get("host")),
            port=self._port(fields.get("port")),
            protocol=self._protocol(fields.get("protocol")),
            tls_origination=self._flag(fields.get("tlsOrigination")),
        )

    def _host(self, tree: Tree | None) -> str:
        if tree is None or not tree.scalar:
            return self._text(tree)
        try:
            # Whatever YAML takes it for: a bare 127.1 deserves the message about addresses.
            return canonical_destination_host(tree.scalar)
        except HostError as error:
            self._say(tree, error.message)
            return ""

    def _port(self, tree: Tree | None) -> int:
        text = tree.scalar if tree else None
        if text is not None and text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 65535:
            return int(text[:6])
        if tree:
            self._say(tree, f"{tree.shown} is no port. Write a number from 1 to 65535.")
        return 0

    def _protocol(self, tree: Tree | None) -> Protocol:
        text = self._text(tree)
        if text in set(Protocol):
            return Protocol(text)
        if tree and text:
            self._say(tree, _one_of(text, [protocol.value for protocol in Protocol]))
        return Protocol.TLS

    def _flag(self, tree: Tree | None) -> bool:
        if tree is None or tree.scalar in ("true", "false"):
            return tree is not None and tree.scalar == "true"
        self._say(tree, f"{tree.shown} is neither true nor false. Write one of them.")
        return False

    def _label(self, tree: Tree | None) -> str:
        text = self._text(tree)
        if tree and text and not is_dns_label(text):
            self._say(tree, f"{quoted(text)} is no namespace. Check its spelling.")
        return text

    def _text(self, tree: Tree | None) -> str:
        if tree is None:
            return ""
        if tree.scalar and tree.is_text:
            return tree.scalar
        advice = "Put it in quotes if it is meant as text." if tree.scalar else "Write a text."
        self._say(tree, f"{tree.shown} is no text. {advice}")
        return ""

    def _list(self, tree: Tree | None) -> list[Tree]:
        if tree is None:
            return []
        if tree.items is None:
            self._say(tree, f"{tree.shown} is no list. Begin each entry with a hyphen.")
            return []
        return tree.items

    def _fields(
        self, tree: Tree | None, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> dict[str, Tree]:
        if tree is None:
            return {}
        if tree.fields is None:
            self._say(
                tree, f"{tree.shown} has no fields. Write {' and '.join(required or optional)}."
            )
            return {}
        known = (*required, *optional)
        for name, value in tree.fields.items():
            if name not in known:
                self._say(value, f"{quoted(name)} is unknown here. Known are {', '.join(known)}.")
        for name in required:
            if name not in tree.fields:
                self._say(tree, f"{quoted(name)} is missing. Add it.")
        return {name: value for name, value in tree.fields.items() if name in known}

    def _say(self, tree: Tree, message: str) -> None:
        self.problems.append(_problem(tree.place, message))


_FIELDS = {
    "namespace": ("subject", "namespace"),
    "service_account": ("subject", "serviceAccount"),
    "destinations.0": ("destination",),
    "destinations.0.host": ("destination", "host"),
    "destinations.0.port": ("destination", "port"),
    "destinations.0.protocol": ("destination", "protocol"),
    "destinations.0.tls_origination": ("destination", "tlsOrigination"),
}


def _tree_of(item: Tree, field: str) -> Tree:
    """Return the place in the file that a finding's field stands for, or the nearest one."""
    for name in _FIELDS.get(field, ()):
        if item.fields is None or name not in item.fields:
            break
        item = item.fields[name]
    return item


def _one_of(text: str, allowed: list[str]) -> str:
    return f"{quoted(text)} is none of {', '.join(allowed)}. Write one of them."
