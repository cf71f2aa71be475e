"""Sets of fields, as `managedFields` keeps them (FieldsV1).

A field is a path of elements: `f:name` for a field of an object, `k:{"name":"a"}` for an item of a
list with keys, `v:"a"` for an item of a set. A set of fields is a plain frozenset of such paths.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Path = tuple[str, ...]
FieldSet = frozenset[Path]

EMPTY: FieldSet = frozenset()
_SELF = "."

# What the server keeps about an object's identity belongs to no manager.
UNOWNED: FieldSet = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ]
)


def parse(fields: Mapping[str, Any]) -> FieldSet:
    """Read a FieldsV1 object.

    Raises ValueError when it is not one.
    """
    found: set[Path] = set()
    _collect(fields, (), found)
    return frozenset(found)


def _collect(fields: Mapping[str, Any], path: Path, found: set[Path]) -> None:
    for element, below in fields.items():
        if not isinstance(below, Mapping):
            raise ValueError(f'The field "{element}" has no object below it.')
        if element == _SELF:
            found.add(path)
        elif element[1:2] != ":" or element[0] not in "fkvi":
            raise ValueError(f'"{element}" is no path element of FieldsV1.')
        elif below:
            _collect(below, (*path, element), found)
        else:
            found.add((*path, element))


@lru_cache(maxsize=1024)
def render(fields: FieldSet) -> dict[str, Any]:
    """Write a set as a FieldsV1 object, in a stable order.

    Objects of a kind mostly have the same fields: whoever asks gets the same object and changes
    nothing in it, as with all that is stored.
    """
    root: dict[str, Any] = {}
    for path in sorted(fields):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node[_SELF] = {}
    _drop_lone_selves(root)
    return root


def _drop_lone_selves(node: dict[str, Any]) -> None:
    for child in node.values():
        if len(child) == 1 and _SELF in child:
            child.clear()
        elif child:
            _drop_lone_selves(child)


def tree(fields: Iterable[Path]) -> dict[str, Any]:
    """Return the set as nested dicts; an element that is a member has the key `.`."""
    root: dict[str, Any] = {}
    for path in fields:
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node[_SELF] = {}
    return root


def text(path: Path) -> str:
    """Return a path as messages show it, such as `.spec.ports[name="tls-443"].number`."""
    parts = []
    for element in path:
        form, _, rest = element.partition(":")
        if form == "f":
            parts.append(f".{rest}")
        elif form == "k":
            keys = ",".join(f"{k}={json.dumps(v)}" for k, v in sorted(json.loads(rest).items()))
            parts.append(f"[{keys}]")
        elif form == "v":
            parts.append(f"[={rest}]")
        else:
            parts.append(f"[{rest}]")
    return "".join(parts)
