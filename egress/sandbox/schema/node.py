"""What a field of a Kubernetes object may look like, as plain data.

A `Node` describes one value and, through its children, everything below it. The other modules of
this package walk an object and its node side by side: `typed` (can the type system parse it),
`values` (do the values fit), `rules` (do they fit together), `defaults` and `openapi`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NOTHING: Mapping[str, Node] = {}


class RuleError(Exception):
    """A rule could not be computed at all; the text says why, as the server would."""


@dataclass(frozen=True)
class Cause:
    """One reason for a refusal, as it stands in `Status.details.causes`."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True)
class Rule:
    """A condition on a value that types and bounds cannot express.

    `check` gets the value and answers whether it is fine; it may raise `RuleError`. With
    `on_change` it gets the old value as well and is only asked when there is one.
    """

    message: str
    check: Callable[..., bool]
    field_path: str = ""
    reason: str = "FieldValueInvalid"
    on_change: bool = False


@dataclass(frozen=True)
class OneOf:
    """Exactly one alternative may hold.

    With `fields`: at most one of these fields may be set (none is an alternative, too).
    With `alternatives`: predicates over the value; `explain` adds causes when none holds.
    """

    fields: tuple[str, ...] = ()
    alternatives: tuple[Callable[[Mapping[str, object]], bool], ...] = ()
    explain: Callable[[str, Mapping[str, object]], list[Cause]] | None = None

    def holding(self, value: object) -> int:
        """Count the alternatives that hold; 1 is right. All hold for what is no map at all."""
        if not isinstance(value, Mapping):
            return len(self.fields) or len(self.alternatives)
        if self.fields:
            return max(1, sum(name in value for name in self.fields))
        return sum(alternative(value) for alternative in self.alternatives)


@dataclass(frozen=True)
class Root:
    """What a kind is called and how its objects are named.

    `custom`: defined by a CustomResourceDefinition; the server then checks values by schema and
    says so when it left rules out. `name_form` is `subdomain`, `label`, `label1035` or `path`.
    `complete` fills in defaults that depend on other fields, in an object of its own.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    custom: bool = False
    name_form: str = "subdomain"
    description: str = ""
    complete: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True, eq=False)
class Node:
    """One value of an object.

    `type` is object, array, string, integer, number, boolean, int-or-string or any. `additional`
    describes the values of a free map, `items` those of a list. `default` applies when the field
    is absent. `preserve_unknown` keeps fields that `properties` does not name. `atomic_map`: one
    manager owns the whole map.
    """

    type: str
    properties: Mapping[str, Node] = field(default_factory=lambda: NOTHING)
    additional: Node | None = None
    items: Node | None = None
    list_type: str = "atomic"
    map_keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    enum: tuple[str, ...] = ()
    pattern: str = ""
    format: str = ""
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    default: object = None
    preserve_unknown: bool = False
    nullable: bool = False
    atomic_map: bool = False
    one_of: tuple[OneOf, ...] = ()
    rules: tuple[Rule, ...] = ()
    description: str = ""
    root: Root | None = None
    matcher: re.Pattern[str] | None = field(init=False, default=None)
    has_rules: bool = field(init=False, default=False)
    has_defaults: bool = field(init=False, default=False)
    has_keys: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        below = self.children()
        put = object.__setattr__
        put(self, "matcher", compile_pattern(self.pattern) if self.pattern else None)
        put(self, "has_rules", bool(self.rules) or any(child.has_rules for child in below))
        put(self, "has_defaults", any(c.default is not None or c.has_defaults for c in below))
        unique = self.list_type in ("map", "set")
        put(self, "has_keys", unique or any(child.has_keys for child in below))

    def children(self) -> list[Node]:
        """Return the nodes directly below this one."""
        below = list(self.properties.values())
        below += [node for node in (self.additional, self.items) if node is not None]
        return below


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the server's dialect (RE2), where `$` is the very end of the text."""
    out, in_class, position = [], False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            out.append(pattern[position : position + 2])
            position += 2
            continue
        if char in "[]":
            in_class = char == "["
        out.append(r"\Z" if char == "$" and not in_class else char)
        position += 1
    return re.compile("".join(out), re.ASCII)
