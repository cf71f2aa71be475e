"""Can the type system parse an applied object (server-side apply, before any validation)?

The rules and texts are those of the server's merge library: it knows maps, lists and scalars,
refuses undeclared fields and double keys of map lists, and takes null everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from .gotext import literal, number, plain, quoted, type_name
from .node import Node


def structural_error(node: Node, obj: object) -> str | None:
    """Return what the server appends to "failed to create typed patch object (...): ", or None."""
    found: list[str] = []
    _walk(node, obj, "", found, False)
    if not found:
        return None
    return found[0] if len(found) == 1 else "\n".join(["errors:", *("  " + text for text in found)])


def _walk(node: Node, value: object, path: str, found: list[str], loose: bool) -> None:
    """`loose`: somewhere above, unknown fields are kept; that holds for all below."""
    if value is None or node.type == "any":
        return
    if node.type == "object":
        _walk_map(node, value, path, found, loose or node.preserve_unknown)
    elif node.type == "array":
        _walk_list(node, value, path, found, loose)
    elif node.type != "int-or-string" or not loose:
        # Texts with a format are untyped for the merge library, except for base64.
        untyped = node.format not in ("", "byte") and node.type == "string"
        problem = _scalar_problem("int-or-string" if untyped else node.type, value)
        if problem:
            found.append(_at(path, problem))


def _scalar_problem(kind: str, value: object) -> str:
    if kind == "string":
        if isinstance(value, str):
            return ""
        return f"expected string, got &value.valueUnstructured{{Value:{literal(value)}}}"
    if kind == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got &{{{plain(value)}}}"
    if kind == "int-or-string":
        fine = isinstance(value, str | int | float)
        return "" if fine else f"expected any scalar, got &{{{plain(value)}}}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ""
    return f"expected numeric (int or float), got {type_name(value)}"


def _at(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _walk_map(node: Node, value: object, path: str, found: list[str], loose: bool) -> None:
    if not isinstance(value, dict | Mapping):
        found.append(_at(path, f"expected map, got &{{{plain(value)}}}"))
        return
    properties, additional = node.properties, node.additional
    for name, item in value.items():
        child = properties.get(name, additional)
        if child is not None:
            _walk(child, item, f"{path}.{name}", found, loose)
        elif not loose:
            found.append(f"{path}.{name}: field not declared in schema")
            return


def _walk_list(node: Node, value: object, path: str, found: list[str], loose: bool) -> None:
    if not isinstance(value, list):
        found.append(_at(path, f"expected list, got &{{{plain(value)}}}"))
        return
    if node.items is None:
        return
    if node.list_type == "atomic":
        for index, item in enumerate(value):
            _walk(node.items, item, f"{path}[{index}]", found, loose)
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        key, problem = element_key(node, item)
        if problem:
            found.append(_at(path, f"element {index}: {problem}"))
            return
        if key in seen:
            found.append(_at(path, f"duplicate entries for key {key}"))
        seen.add(key)
        _walk(node.items, item, path + key, found, loose)


def element_key(node: Node, item: object) -> tuple[str, str]:
    """Return how a list addresses an item, such as `[name="tls"]`, and a problem if it can't."""
    if node.list_type == "set":
        return _set_key(item)
    if item is None:
        return "", "associative list with keys may not have a null element"
    if not isinstance(item, Mapping):
        return "", "associative list with keys may not have non-map elements"
    parts = []
    for name in sorted(node.map_keys):
        value = item.get(name)
        if name not in item and node.items is not None and name in node.items.properties:
            value = node.items.properties[name].default
            if value is None:
                continue
        elif name not in item:
            continue
        parts.append(f"{name}={key_text(value)}")
    if not parts:
        names = "[" + " ".join(quoted(name) for name in node.map_keys) + "]"
        return "", (
            f"associative list with keys has an element that omits all key fields {names} "
            "(and doesn't have default values for any key fields)"
        )
    return "[" + ",".join(parts) + "]", ""


def _set_key(item: object) -> tuple[str, str]:
    if isinstance(item, Mapping):
        return "", "associative list without keys has an element that's a map type"
    if isinstance(item, list):
        return "", "not supported: associative list with lists as elements"
    if item is None:
        return "", "associative list without keys has an element that's an explicit null"
    return f"[={key_text(item)}]", ""


def key_text(value: object) -> str:
    """Return a key's value as it stands in a path."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return "".join(f"{name}={key_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "[" + ",".join(key_text(item) for item in value) + "]"
    return str(value)
