"""Do the values fit together? Keys of lists are unique, and every `Rule` holds."""

from __future__ import annotations

from collections.abc import Mapping

from .gotext import as_json, bad_value, quoted
from .node import Cause, Node, Rule, RuleError

REASON_WORDS = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueTooLong": "Too long",
}


def key_causes(node: Node, value: object, path: str = "") -> list[Cause]:
    """Return the entries of set and map lists that come twice."""
    found: list[Cause] = []
    if node.has_keys:
        _keys(node, value, path, found)
    return found


def _keys(node: Node, value: object, path: str, found: list[Cause]) -> None:
    if isinstance(value, list):
        if node.list_type == "map":
            _map_list(node, value, path, found)
        elif node.list_type == "set":
            _twice([(as_json(item), item) for item in value], path, found)
        if node.items is not None and node.items.has_keys:
            for index, item in enumerate(value):
                _keys(node.items, item, f"{path}[{index}]", found)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            child = node.properties.get(name, node.additional)
            if child is not None and child.has_keys:
                inner = f"{path}.{name}" if path else name
                _keys(child, item, inner if name in node.properties else f"{path}[{name}]", found)


def _map_list(node: Node, value: list[object], path: str, found: list[Cause]) -> None:
    keys: list[tuple[str, object]] = []
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, Mapping):
            text = "must be an object for an array of list-type map"
            message = f"Invalid value: {bad_value(item)}: {text}"
            found.append(Cause("FieldValueInvalid", message, f"{path}[{index}]"))
            return
        key = {name: item[name] for name in node.map_keys if item and name in item}
        keys.append((as_json(key), key))
    _twice(keys, path, found)


def _twice(keys: list[tuple[str, object]], path: str, found: list[Cause]) -> None:
    """Report the second appearance of each key, as the server does."""
    seen: dict[str, int] = {}
    for index, (text, shown) in enumerate(keys):
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            message = f"Duplicate value: {bad_value(shown)}"
            found.append(Cause("FieldValueDuplicate", message, f"{path}[{index}]"))


def rule_causes(node: Node, value: object, old: object = None, path: str = "") -> list[Cause]:
    """Return the rules that a value violates. `old` is the value before a change, if any."""
    found: list[Cause] = []
    if node.has_rules:
        _rules(node, value, old, path, found)
    return found


def _rules(node: Node, value: object, old: object, path: str, found: list[Cause]) -> None:
    if value is None:
        return
    for rule in node.rules:
        if old is not None or not rule.on_change:
            found += _violation(node, rule, value, old, path)
    if isinstance(value, list):
        items = node.items
        if items is not None and items.has_rules:
            for index, item in enumerate(value):
                _rules(items, item, None, f"{path}[{index}]", found)
    elif isinstance(value, Mapping):
        _rules_of_map(node, value, old if isinstance(old, Mapping) else {}, path, found)


def _rules_of_map(
    node: Node,
    value: Mapping[str, object],
    before: Mapping[str, object],
    path: str,
    found: list[Cause],
) -> None:
    properties, additional = node.properties, node.additional
    for name, item in value.items():
        child = properties.get(name)
        if child is not None:
            if child.has_rules:
                inner = f"{path}.{name}" if path else name
                _rules(child, item, before.get(name), inner, found)
        elif additional is not None and additional.has_rules:
            _rules(additional, item, before.get(name), f"{path}[{name}]", found)


def _violation(node: Node, rule: Rule, value: object, old: object, path: str) -> list[Cause]:
    try:
        if rule.check(value, old) if rule.on_change else rule.check(value):
            return []
    except RuleError as error:
        detail = f"{error} evaluating rule: {rule.message}"
        message = f"Invalid value: {quoted(node.type)}: {detail}"
        return [Cause("FieldValueInvalid", message, path)]
    word = REASON_WORDS[rule.reason]
    shown = rule.reason in ("FieldValueInvalid", "FieldValueDuplicate")
    if shown and not isinstance(value, list | Mapping):
        word += f": {bad_value(value)}"
    message = f"{word}: {rule.message}" if rule.message else word
    return [Cause(rule.reason, message, path + rule.field_path)]
