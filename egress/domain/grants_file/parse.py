"""What a grants file says, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Resolution,
    Subject,
    Wish,
)
from egress.domain.grants_file.cluster import ClusterBlock, read_cluster
from egress.domain.grants_file.reader import GrantsFileError, Problem, Reader, problem_at
from egress.domain.hosts import canonical_destination_host
from egress.domain.manifests.static import static_objects
from egress.domain.naming import is_dns_label
from egress.domain.objects import KubeObject
from egress.domain.policies import PolicyContext, blocking, evaluate_without_inventory
from egress.domain.render import CannotRender, render_what_can
from egress.domain.wording import quoted
from egress.domain.yaml_tree import Place, Tree, YamlError, read_tree

MAX_CHARACTERS = 16 * 1024 * 1024
_MAX_GRANTS = 100_000
_SECTIONS = ("cluster", "namespaces", "inventory", "defaultDeny", "networkPolicies")


@dataclass(frozen=True)
class GrantsFile:
    """What a grants file says, ready for `render`. `places` tells where each grant stands."""

    cluster: ClusterProfile
    inventory: Inventory
    grants: tuple[Access, ...]
    places: Mapping[Access, Place] = field(default_factory=dict)


def parse_grants_file(text: str) -> GrantsFile:
    """Return what a grants file says. Raises GrantsFileError with all problems at once."""
    if len(text) > MAX_CHARACTERS:
        raise GrantsFileError(
            [Problem(1, 1, "", f"The file has more than {MAX_CHARACTERS} characters.")]
        )
    try:
        tree = read_tree(text)
    except YamlError as error:
        raise GrantsFileError([problem_at(error.place, error.message)]) from error
    reader = Reader()
    fields = reader.fields(tree, required=("grants",), optional=_SECTIONS)
    block = read_cluster(reader, fields.get("cluster"))
    inventory = Inventory(_namespaces(reader, fields))
    places = _grants(reader, fields.get("grants"), block, inventory)
    if reader.problems:
        raise GrantsFileError(reader.problems)
    return GrantsFile(block.profile, inventory, tuple(places), places)


def render_grants_file(file: GrantsFile, *, static: bool = False) -> list[KubeObject]:
    """Return the objects of a grants file, in their final state.

    `static` adds what bootstrap lays down for the enforcements that the file uses. Raises
    GrantsFileError, naming their places, when grants have no faithful objects.
    """
    try:
        rendering = render_what_can(file.cluster, file.inventory, file.grants)
    except CannotRender as error:
        raise GrantsFileError([problem_at(Place(), error.message)]) from error
    if rendering.refused:
        raise GrantsFileError(
            problem_at(place, refusal.message)
            for refusal in rendering.refused
            for place in [file.places[one] for one in refusal.accesses] or [Place()]
        )
    used = {
        file.inventory.enforcement_of(access.subject.namespace, file.cluster)
        for access in file.grants
    }
    laid_down = static_objects(file.cluster, enforcements=used) if static else []
    return [*laid_down, *rendering.objects]


def _namespaces(reader: Reader, fields: dict[str, Tree]) -> dict[str, NamespaceFacts]:
    """Return what several sections say of namespaces."""
    found: dict[str, NamespaceFacts] = {}

    def known(name: str) -> NamespaceFacts:
        return found.setdefault(name, NamespaceFacts(name))

    for name, tree in reader.map(fields.get("namespaces"), "NAME: {enforcement: ...}").items():
        found[name] = _facts(reader, name, tree)
    for name, tree in reader.map(fields.get("inventory"), "NAME: [service accounts]").items():
        _require_label(reader, tree, name)
        accounts = reader.each(tree, reader.account)
        found[name] = replace(known(name), service_accounts=dict.fromkeys(accounts, ""))
    for name in reader.each(fields.get("defaultDeny"), reader.label):
        found[name] = replace(known(name), default_deny=True)
    for name in reader.each(fields.get("networkPolicies"), reader.label):
        found[name] = replace(known(name), network_policy=True)
    return found


def _facts(reader: Reader, name: str, tree: Tree) -> NamespaceFacts:
    _require_label(reader, tree, name)
    fields = reader.fields(tree, optional=("enforcement", "meshHosts"))
    choices = [choice.value for choice in Enforcement]
    chosen = reader.one_of(fields.get("enforcement"), choices, "")
    hosts = reader.each(fields.get("meshHosts"), reader.mesh_host)
    return NamespaceFacts(
        name, enforcement=Enforcement(chosen) if chosen else None, mesh_hosts=hosts
    )


def _require_label(reader: Reader, tree: Tree, name: str) -> None:
    if not is_dns_label(name):
        reader.say(tree, f"{quoted(name)} is no namespace. Check its spelling.")


def _grants(
    reader: Reader, tree: Tree | None, block: ClusterBlock, inventory: Inventory
) -> dict[Access, Place]:
    items = reader.list(tree)
    if len(items) > _MAX_GRANTS and tree:
        reader.say(tree, f"The file has more than {_MAX_GRANTS} grants. Split it.")
        return {}
    context = PolicyContext(
        block.profile,
        inventory,
        allowed_private_zones=block.private_zones,
        allowed_private_ranges=block.private_ranges,
        cluster_ranges=block.own_ranges,
    )
    places: dict[Access, Place] = {}
    for item in items:
        access = _grant(reader, item)
        if access is None:
            continue
        wish = Wish(access.subject, (access.destination,), None)
        for finding in blocking(evaluate_without_inventory(wish, context)):
            reader.say(_tree_of(item, finding.field), finding.message)
        places.setdefault(access, item.place)
    return places


def _grant(reader: Reader, item: Tree) -> Access | None:
    before = len(reader.problems)
    fields = reader.fields(item, required=("subject", "destination"), optional=("alias",))
    subject = _subject(reader, fields.get("subject"))
    destination = _destination(reader, fields.get("destination"))
    if "alias" in fields:
        alias = reader.label(fields["alias"], "name of a Service")
        destination = replace(destination, alias=alias)
    return Access(subject, destination) if len(reader.problems) == before else None


def _subject(reader: Reader, tree: Tree | None) -> Subject:
    fields = reader.fields(tree, required=("namespace",), optional=("serviceAccount",))
    return Subject(reader.text(fields.get("namespace")), reader.text(fields.get("serviceAccount")))


def _destination(reader: Reader, tree: Tree | None) -> Destination:
    fields = reader.fields(
        tree,
        required=("host", "port", "protocol"),
        optional=("tlsOrigination", "addresses", "resolution"),
    )
    protocols = [protocol.value for protocol in Protocol]
    resolutions = [resolution.value for resolution in Resolution]
    return Destination(
        host=reader.host(fields.get("host"), canonical_destination_host),
        port=reader.number(fields.get("port"), 65535),
        protocol=Protocol(reader.one_of(fields.get("protocol"), protocols, Protocol.TLS)),
        tls_origination=reader.flag(fields.get("tlsOrigination")),
        addresses=tuple(sorted(set(reader.each(fields.get("addresses"), reader.address)))),
        resolution=Resolution(reader.one_of(fields.get("resolution"), resolutions, Resolution.DNS)),
    )


_FIELDS = {
    "namespace": ("subject", "namespace"),
    "service_account": ("subject", "serviceAccount"),
    "destinations.0": ("destination",),
    "destinations.0.host": ("destination", "host"),
    "destinations.0.port": ("destination", "port"),
    "destinations.0.protocol": ("destination", "protocol"),
    "destinations.0.tls_origination": ("destination", "tlsOrigination"),
    "destinations.0.addresses": ("destination", "addresses"),
    "destinations.0.long_lived": ("destination", "resolution"),
    "destinations.0.alias": ("alias",),
}


def _tree_of(item: Tree, name: str) -> Tree:
    """Return the place in the file that a finding's field stands for, or the nearest one."""
    for step in _FIELDS.get(name, ()):
        if item.fields is None or step not in item.fields:
            break
        item = item.fields[step]
    return item
