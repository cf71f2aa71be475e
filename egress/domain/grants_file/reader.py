"""Reading values out of a YAML tree, collecting problems instead of stopping at the first one."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from egress.domain.hosts import HostError
from egress.domain.naming import is_dns_label, is_dns_subdomain
from egress.domain.wording import quoted
from egress.domain.yaml_tree import Place, Tree

Value = TypeVar("Value")
_NO_PLACE = Place()


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


def problem_at(place: Place, message: str) -> Problem:
    """Return the problem that `message` tells of `place`."""
    return Problem(place.line, place.column, place.path, message)


class Reader:
    """Reads values of a tree. What cannot be read becomes a problem and an empty value."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, tree: Tree | None, message: str) -> None:
        """Note a problem with a place of the file."""
        self.problems.append(problem_at(tree.place if tree else _NO_PLACE, message))

    def text(self, tree: Tree | None) -> str:
        """Return a text, empty when it is none."""
        if tree is None:
            return ""
        if tree.scalar and tree.is_text:
            return tree.scalar
        advice = "Put it in quotes if it is meant as text." if tree.scalar else "Write a text."
        self.say(tree, f"{tree.shown} is no text. {advice}")
        return ""

    def one_of(self, tree: Tree | None, allowed: Sequence[str], default: str) -> str:
        """Return one of the texts `allowed`, `default` when nothing or something else is there."""
        text = self.text(tree)
        if text in allowed:
            return text
        if tree and text:
            self.say(tree, f"{quoted(text)} is none of {', '.join(allowed)}. Write one of them.")
        return default

    def flag(self, tree: Tree | None) -> bool:
        """Return true or false; false when nothing is there."""
        if tree is None or tree.scalar in ("true", "false"):
            return tree is not None and tree.scalar == "true"
        self.say(tree, f"{tree.shown} is neither true nor false. Write one of them.")
        return False

    def number(self, tree: Tree | None, most: int, what: str = "port") -> int:
        """Return a number from 1 to `most`, 0 when it is none."""
        text = tree.scalar if tree else None
        if text is not None and text.isascii() and text.isdigit() and 0 < int(text[:9]) <= most:
            return int(text[:9])
        if tree:
            self.say(tree, f"{tree.shown} is no {what}. Write a number from 1 to {most}.")
        return 0

    def label(self, tree: Tree | None, what: str = "namespace") -> str:
        """Return a DNS label."""
        text = self.text(tree)
        if tree and text and not is_dns_label(text):
            self.say(tree, f"{quoted(text)} is no {what}. Check its spelling.")
        return text

    def account(self, tree: Tree) -> str:
        """Return the name of a service account."""
        text = self.text(tree)
        if text and not is_dns_subdomain(text):
            self.say(tree, f"{quoted(text)} is no service account. Check its spelling.")
        return text

    def mesh_host(self, tree: Tree) -> str:
        """Return a host of the mesh as a `Sidecar` lists it: `namespace/host`, or `namespace/*`."""
        text = self.text(tree)
        namespace, _, name = text.partition("/")
        is_place = namespace in (".", "*") or is_dns_label(namespace)
        is_full = "." in name and all(map(is_dns_label, name.removeprefix("*.").split(".")))
        if text and (not is_place or not (is_full or name == "*") or text == "*/*"):
            self.say(
                tree,
                f"{quoted(text)} is no host of the mesh. Write namespace and full name, such as "
                "shop/api.shop.svc.cluster.local.",
            )
        return text

    def host(self, tree: Tree | None, canonical: Callable[[str], str]) -> str:
        """Return what `canonical` makes of a host or range."""
        if tree is None or not tree.scalar:
            return self.text(tree)
        try:
            # Whatever YAML takes it for: a bare 127.1 deserves the message about addresses.
            return canonical(tree.scalar)
        except HostError as error:
            self.say(tree, error.message)
            return ""

    def address(self, tree: Tree) -> str:
        """Return an IP address in its canonical form."""
        try:
            return str(ipaddress.ip_address(tree.scalar or ""))
        except ValueError:
            self.say(tree, f"{tree.shown} is no IP address. Write it like 203.0.113.13.")
            return ""

    def list(self, tree: Tree | None) -> list[Tree]:
        """Return the items of a list."""
        if tree is None:
            return []
        if tree.items is None:
            self.say(tree, f"{tree.shown} is no list. Begin each entry with a hyphen.")
            return []
        return tree.items

    def each(self, tree: Tree | None, read: Callable[[Tree], Value]) -> tuple[Value, ...]:
        """Return what `read` makes of each item of a list, without what is empty."""
        return tuple(value for item in self.list(tree) if (value := read(item)))

    def map(self, tree: Tree | None, what: str) -> dict[str, Tree]:
        """Return the fields of a block whose names are free."""
        if tree is None:
            return {}
        if tree.fields is None:
            self.say(tree, f"{tree.shown} has no fields. Write {what}.")
            return {}
        return tree.fields

    def fields(
        self, tree: Tree | None, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> dict[str, Tree]:
        """Return the known fields of a block; unknown and missing ones are problems."""
        found = self.map(tree, " and ".join(required or optional))
        if tree is None or tree.fields is None:
            return {}
        known = (*required, *optional)
        for name, value in found.items():
            if name not in known:
                self.say(value, f"{quoted(name)} is unknown here. Known are {', '.join(known)}.")
        for name in required:
            if name not in found:
                self.say(tree, f"{quoted(name)} is missing. Add it.")
        return {name: value for name, value in found.items() if name in known}
