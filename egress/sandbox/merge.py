"""Walks over an object beside its schema: which fields it has, what changed, what a merge gives.

These are the operations on which field ownership rests. What decides is the schema: fields of an
object are owned one by one unless the map is atomic; a list is owned as a whole unless it is a
`set` or a `map` with keys. Rules: Kubernetes documentation, "Server-Side Apply", and the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from egress.sandbox.fieldset import FieldSet, Path
from egress.sandbox.gojson import sorted_json
from egress.sandbox.schema.node import Node

ANYTHING = Node("any")
_ABSENT: Any = object()


def child_of(node: Node, name: str) -> Node:
    """Return the node of a field; fields that the schema does not name may be anything."""
    return node.properties.get(name) or node.additional or ANYTHING


def item_element(node: Node, item: Any) -> str:
    """Return the path element of an item of a list with keys or of a set.

    A key that the item leaves out counts with the schema's default, as the server does.
    """
    if node.list_type == "set" or not isinstance(item, Mapping):
        return "v:" + sorted_json(item)
    keys = {}
    for name in node.map_keys:
        value = item.get(name)
        if value is None:
            value = child_of(node.items or ANYTHING, name).default
        if value is not None:
            keys[name] = value
    return "k:" + sorted_json(keys)


def _is_atomic(node: Node, value: Any) -> bool:
    if isinstance(value, dict):
        return node.atomic_map
    return node.type != "array" or node.list_type == "atomic"


def fields_of(node: Node, value: Any) -> FieldSet:
    """Return all fields that an applied object has an opinion about."""
    found: set[Path] = set()
    _add_fields(node, value, (), found)
    return frozenset(found)


def _add_fields(node: Node, value: Any, path: Path, found: set[Path]) -> None:
    if isinstance(value, dict) and not node.atomic_map:
        for name, below in value.items():
            here = (*path, f"f:{name}")
            _add_fields(child_of(node, name), below, here, found)
            if below is None or below == {} or name not in node.properties:
                found.add(here)
    elif isinstance(value, list) and not _is_atomic(node, value):
        items = node.items or ANYTHING
        for item in value:
            here = (*path, item_element(node, item))
            _add_fields(items, item, here, found)
            found.add(here)
    else:
        found.add(path)


@dataclass
class Difference:
    """What changed between two values of one kind, as sets of fields."""

    added: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)


def compare(node: Node, old: Any, new: Any) -> Difference:
    """Return the fields by which two objects of a kind differ."""
    difference = Difference()
    _compare(node, old, new, (), difference)
    return difference


def _compare(node: Node, old: Any, new: Any, path: Path, out: Difference) -> None:
    if old is new or old == new:
        return
    if _walks_as_map(node, old, new):
        _compare_children(node, _fields, _field_node, (old, new), path, out)
    elif _walks_as_list(node, old, new):
        _compare_children(node, _items, _item_node, (old, new), path, out)
    elif old is not _ABSENT and new is not _ABSENT:
        out.modified.add(path)
    if old is _ABSENT:
        out.added.add(path)
    elif new is _ABSENT:
        out.removed.add(path)


def _walks_as_map(node: Node, old: Any, new: Any) -> bool:
    return not node.atomic_map and _walks_as(dict, old, new)


def _walks_as_list(node: Node, old: Any, new: Any) -> bool:
    is_kept_by_item = node.type == "array" and node.list_type != "atomic"
    return is_kept_by_item and _walks_as(list, old, new)


def _walks_as(sort: type, old: Any, new: Any) -> bool:
    """Tell whether both sides are of a sort or missing, and one of them has something in it."""
    some = False
    if isinstance(old, sort):
        some = bool(old)
    elif old is not _ABSENT and old is not None:
        return False
    if isinstance(new, sort):
        return some or bool(new)
    return some and (new is _ABSENT or new is None)


def _fields(_node: Node, value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(node: Node, value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        return {}
    return {item_element(node, item): item for item in value}


def _field_node(node: Node, name: str) -> Node:
    return child_of(node, name)


def _item_node(node: Node, _name: str) -> Node:
    return node.items or ANYTHING


def _compare_children(
    node: Node,
    children: Callable[[Node, Any], dict[str, Any]],
    node_of: Callable[[Node, str], Node],
    sides: tuple[Any, Any],
    path: Path,
    out: Difference,
) -> None:
    old, new = children(node, sides[0]), children(node, sides[1])
    prefix = "f:" if children is _fields else ""
    for name, value in new.items():
        before = old.get(name, _ABSENT)
        _compare(node_of(node, name), before, value, (*path, prefix + name), out)
    for name, value in old.items():
        if name not in new:
            _compare(node_of(node, name), value, _ABSENT, (*path, prefix + name), out)


def merge(node: Node, live: Any, config: Any) -> Any:
    """Return `live` with everything that `config` says; neither is changed."""
    if isinstance(live, dict) and isinstance(config, dict) and not node.atomic_map:
        merged = dict(live)
        for name, value in config.items():
            merged[name] = merge(child_of(node, name), live[name], value) if name in live else value
        return merged
    if isinstance(live, list) and isinstance(config, list) and not _is_atomic(node, live):
        return _merge_items(node, live, config)
    return config


def _merge_items(node: Node, live: list[Any], config: list[Any]) -> list[Any]:
    """Keep the order of `config`; an item that only `live` has stays behind its predecessor."""
    items = node.items or ANYTHING
    wanted = {item_element(node, item): item for item in config}
    before: dict[str, list[Any]] = {}
    current: dict[str, Any] = {}
    anchor = ""
    for item in live:
        element = item_element(node, item)
        current[element] = item
        if element in wanted:
            anchor = element
        else:
            before.setdefault(anchor, []).append(item)
    merged = list(before.get("", []))
    for element, item in wanted.items():
        merged.append(merge(items, current[element], item) if element in current else item)
        merged += before.get(element, [])
    return merged


def with_named_parents(node: Node, fields: Iterable[Path]) -> set[Path]:
    """Return the set and, above each member, the fields that the schema declares by name.

    Who owns `spec.hosts` then owns `spec` too, but not the map `labels` entry above a key.
    """
    complete: set[Path] = set()
    for path in fields:
        complete.add(path)
        at = node
        for depth, element in enumerate(path[:-1], start=1):
            if element.startswith("f:"):
                name = element[2:]
                if name in at.properties:
                    complete.add(path[:depth])
                at = child_of(at, name)
            else:
                at = at.items or ANYTHING
    return complete


def remove(node: Node, value: Any, unwanted: Mapping[str, Any]) -> Any:
    """Return `value` without the fields of a tree (fieldset.tree). Emptied maps and lists vanish.

    Answers None when nothing remains.
    """
    if isinstance(value, dict):
        kept = {}
        for name, below in value.items():
            at = unwanted.get(f"f:{name}")
            if at is not None and "." in at:
                continue
            rest = remove(child_of(node, name), below, at) if at else below
            if rest is not None or below is None:
                kept[name] = rest
        return kept or None
    if isinstance(value, list) and not _is_atomic(node, value):
        items = node.items or ANYTHING
        remaining = []
        for item in value:
            at = unwanted.get(item_element(node, item))
            if at is None:
                remaining.append(item)
            elif "." not in at:
                remaining.append(remove(items, item, at))
        return remaining or None
    return value
