"""Fields the server drops because it does not know them, and fields it fills in.

Nothing is changed in place: unchanged parts are shared with the object that came in.
"""

from __future__ import annotations

from collections.abc import Mapping

from .node import Node

# Whatever has no description has no fields that are known.
_NO_FIELDS = Node("object")


def prune(node: Node, obj: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Drop unknown fields.

    Returns the rest and a warning for each, such as `unknown field "spec.hostz"`.
    """
    unknown: list[str] = []
    kept = _prune_map(node, obj, "", unknown)
    return kept, [f'unknown field "{path}"' for path in sorted(unknown)]


def _prune_map(
    node: Node, value: Mapping[str, object], path: str, unknown: list[str]
) -> dict[str, object]:
    properties, additional = node.properties, node.additional
    kept: dict[str, object] = {}
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        child = properties.get(name, additional)
        if child is not None:
            kept[name] = _prune(child, item, inner, unknown)
        elif node.preserve_unknown:
            kept[name] = item
        else:
            unknown.append(inner)
    return kept


def _prune(node: Node, value: object, path: str, unknown: list[str]) -> object:
    if isinstance(value, Mapping):
        return _prune_map(node, value, path, unknown)
    if isinstance(value, list) and node.type != "any":
        items = node.items or _NO_FIELDS
        return [_prune(items, item, f"{path}[{i}]", unknown) for i, item in enumerate(value)]
    return value


def with_defaults(node: Node, obj: Mapping[str, object]) -> dict[str, object]:
    """Fill in defaults; null where null is not allowed counts as absent."""
    filled = _fill_map(node, obj)
    if node.root is not None and node.root.complete is not None:
        node.root.complete(filled)
    return filled


def _fill_map(node: Node, value: Mapping[str, object]) -> dict[str, object]:
    filled: dict[str, object] = {}
    for name, item in value.items():
        child = node.properties.get(name, node.additional)
        if child is None:
            filled[name] = item
        elif item is not None or child.nullable or child.type == "any":
            filled[name] = _fill(child, item)
    if node.has_defaults:
        for name, child in node.properties.items():
            if child.default is not None and name not in filled:
                filled[name] = _fill(child, _copy(child.default))
    return filled


def _fill(node: Node, value: object) -> object:
    if isinstance(value, Mapping) and node.type == "object":
        return _fill_map(node, value)
    if isinstance(value, list) and node.items is not None:
        items = node.items
        return [_fill(items, item) for item in value]
    return value


def _copy(value: object) -> object:
    """Copy a default: the caller may change what it gets."""
    if isinstance(value, Mapping):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item) for item in value]
    return value
