"""The patches other than apply: JSON merge patch, JSON patch and strategic merge patch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from egress.sandbox.errors import StatusError, bad_request
from egress.sandbox.merge import ANYTHING, child_of, item_element
from egress.sandbox.schema.node import Node

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def merge_patched(target: Any, patch: Any) -> Any:
    """Return `target` changed by a JSON merge patch (RFC 7386): null removes a field."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patched(result.get(name), value)
    return result


def strategic_patched(node: Node, target: Any, patch: Any) -> Any:
    """Return `target` changed by a strategic merge patch: lists with keys merge item by item."""
    if isinstance(patch, Mapping):
        return _strategic_map(node, target, patch)
    if isinstance(patch, list) and isinstance(target, list) and _has_keys(node, patch):
        return _strategic_list(node, target, patch)
    return patch


def _has_keys(node: Node, patch: list[Any]) -> bool:
    return node.list_type in ("map", "set") or any(
        isinstance(item, Mapping) and "$patch" in item for item in patch
    )


def _strategic_map(node: Node, target: Any, patch: Mapping[str, Any]) -> Any:
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    result = dict(target) if isinstance(target, Mapping) and directive != "replace" else {}
    if "$retainKeys" in patch:
        result = {name: value for name, value in result.items() if name in patch["$retainKeys"]}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            field = name.partition("/")[2]
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = strategic_patched(child_of(node, name), result.get(name), value)
    return result


def _strategic_list(node: Node, target: list[Any], patch: list[Any]) -> list[Any]:
    items = node.items or ANYTHING
    if any(isinstance(item, Mapping) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if not (isinstance(item, Mapping) and "$patch" in item)]
    result = {item_element(node, item): item for item in target}
    for item in patch:
        element = _element_of(node, item, result)
        if isinstance(item, Mapping) and item.get("$patch") == "delete":
            result.pop(element, None)
        else:
            result[element] = strategic_patched(items, result.get(element), item)
    return list(result.values())


def _element_of(node: Node, item: Any, known: Mapping[str, Any]) -> str:
    """Find the item that a patch means: a patch may name only the first of several keys."""
    element = item_element(node, item)
    if element in known or not isinstance(item, Mapping) or not node.map_keys:
        return element
    first = node.map_keys[0]
    alike = [key for key, other in known.items() if other.get(first) == item.get(first)]
    return alike[0] if len(alike) == 1 and len(item) <= 2 else element


def json_patched(target: Any, operations: Any) -> Any:
    """Return `target` changed by a JSON patch (RFC 6902).

    Raises StatusError: 400 for a patch that cannot be read, 422 for one that does not fit.
    """
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into jsonpatch.Patch"
        )
    document = json.loads(json.dumps(target))
    for operation in operations:
        if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
            raise bad_request("error decoding patch: an operation needs 'op' and 'path'")
        document = _operated(document, operation)
    return document


def _operated(document: Any, operation: Mapping[str, Any]) -> Any:
    name, path = operation.get("op"), _split(operation["path"])
    if name in ("add", "replace", "test") and "value" not in operation:
        raise bad_request(f"error decoding patch: operation '{name}' needs 'value'")
    if name == "add":
        return _added(document, path, operation["value"])
    if name == "remove":
        return _removed(document, path)
    if name == "replace":
        _at(document, path)
        return _added(_removed(document, path) if path else None, path, operation["value"])
    if name == "test":
        if _at(document, path) != operation["value"]:
            raise _unfit(f"testing value {operation['path']} failed")
        return document
    if name in ("copy", "move"):
        source = _split(str(operation.get("from", "")))
        value = json.loads(json.dumps(_at(document, source)))
        return _added(_removed(document, source) if name == "move" else document, path, value)
    raise _unfit(f"Unexpected kind: {name}")


def _unfit(why: str) -> StatusError:
    return StatusError(
        422, "Invalid", f"the server rejected our request due to an error in our request: {why}", {}
    )


def _split(pointer: str) -> list[str]:
    if not pointer:
        return []
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _at(document: Any, path: list[str]) -> Any:
    value = document
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise _unfit(f"the path '/{'/'.join(path)}' does not exist")
    return value


def _added(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _at(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and (last == "-" or last.isdigit()):
        index = len(parent) if last == "-" else int(last)
        if index > len(parent):
            raise _unfit(f"the index {index} is out of bounds")
        parent.insert(index, value)
    else:
        raise _unfit(f"nothing can be added at '/{'/'.join(path)}'")
    return document


def _removed(document: Any, path: list[str]) -> Any:
    _at(document, path)
    if not path:
        return None
    parent, last = _at(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        del parent[last]
    else:
        del parent[int(last)]
    return document
