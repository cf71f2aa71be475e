"""Do the values of an object fit their nodes? Types, bounds, enums, formats, required fields.

Answers with the causes of the API server's schema check for custom resources, in its wording.
What the server cannot pin to a field (such as a violated oneOf) has the field `<nil>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from .formats import fits
from .gotext import bad_value, number, quoted
from .node import Cause, Node

NO_FIELD = "<nil>"


def value_causes(node: Node, value: object, path: str = "") -> list[Cause]:
    """Return what does not fit; an empty list when all does. `path` names the value."""
    found: list[Cause] = []
    _check(node, value, path, found)
    return found


def _check(node: Node, value: object, path: str, found: list[Cause]) -> None:
    if isinstance(value, int) and not _INT64_LEAST <= value <= _INT64_MOST:
        # A number that does not fit into 64 bits is read as one with a fraction.
        value = float(value)
    actual = type_of(value)
    if actual != node.type and node.type != "any":
        _check_type(node, value, actual, path, found)
    if node.one_of and value is not None:
        _check_one_of(node, value, path, found)
    if isinstance(value, str):
        _check_text(node, value, path, found)
    elif isinstance(value, list):
        _check_list(node, value, path, found)
    elif isinstance(value, int | float) and actual != "boolean":
        _check_number(node, value, path, found)
    if node.enum and value not in node.enum:
        found.append(_unsupported(node, value, path))
    if actual == "object":
        _check_map(node, cast("Mapping[str, object]", value), path, found)


_TYPES = {
    str: "string",
    dict: "object",
    list: "array",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def type_of(value: object) -> str:
    """Return the JSON type of a value."""
    known = _TYPES.get(type(value))
    return known if known else _type_of_other(value)


def _type_of_other(value: object) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "null" if value is None else "number"


def _check_type(node: Node, value: object, actual: str, path: str, found: list[Cause]) -> None:
    expected = node.type
    if (actual == "null" and node.nullable) or (actual == "integer" and expected == "number"):
        return
    if expected == "int-or-string" and actual in ("integer", "string"):
        return
    if _is_whole(value) and expected in ("integer", "int-or-string"):
        return
    if node.format and actual == "array" and expected == "string":
        # So it is: with a format, the server does not mind a list.
        return
    if expected == "int-or-string":
        found += _neither_number_nor_text(actual, path)
        return
    told = actual
    if node.format and actual not in ("null", "string", "array"):
        expected, told = node.format, format_name(actual)
    found.append(wrong_type(path, expected, told, told))


def _neither_number_nor_text(actual: str, path: str) -> list[Cause]:
    detail = f"{quoted(path)} must validate at least one schema (anyOf)"
    causes = [
        wrong_type(path, "integer,string", actual, actual),
        _invalid(NO_FIELD, "", detail),
        wrong_type(path, "integer", actual, actual),
    ]
    if actual == "number":
        detail = f"Checked value must be of type integer (default format) in {path}"
        causes.append(_invalid(NO_FIELD, "", detail))
    return causes


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and abs(value) <= _EXACT and value == int(value)


_INT64_LEAST, _INT64_MOST = -(2**63), 2**63 - 1
_EXACT = 2**53 - 1


def format_name(actual: str) -> str:
    """Return how the server calls the format of a number; nothing else has one."""
    return {"integer": "int64", "number": "float64"}.get(actual, "")


def wrong_type(path: str, expected: str, shown: str, told: str) -> Cause:
    """Return the cause for a value of another type or format; `told` ends the message."""
    message = f"{path} in body must be of type {expected}: {quoted(told)}"
    return Cause("FieldValueTypeInvalid", f"Invalid value: {quoted(shown)}: {message}", path)


def _unsupported(node: Node, value: object, path: str) -> Cause:
    supported = ", ".join(quoted(choice) for choice in node.enum)
    message = f"Unsupported value: {bad_value(value)}: supported values: {supported}"
    return Cause("FieldValueNotSupported", message, path)


def _invalid(path: str, value: object, detail: str) -> Cause:
    message = f"Invalid value: {bad_value(value)}: {detail}"
    return Cause("FieldValueInvalid", message, path)


def _too_many(path: str, count: int, limit: int) -> Cause:
    message = f"Too many: {count}: must have at most {limit} items"
    return Cause("FieldValueTooMany", message, path)


def _check_one_of(node: Node, value: object, path: str, found: list[Cause]) -> None:
    failed: list[Cause] = []
    wrong = 0
    for group in node.one_of:
        holding = group.holding(value)
        if holding == 1:
            continue
        wrong += 1
        count = f"Found {holding} valid alternatives" if holding else "Found none valid"
        detail = f"{quoted(path)} must validate one and only one schema (oneOf). {count}"
        failed.append(_invalid(NO_FIELD, "", detail))
        if group.explain is not None and isinstance(value, Mapping) and not holding:
            failed += group.explain(path, value)
    if wrong and len(node.one_of) > 1:
        none = ". None validated" if wrong == len(node.one_of) else ""
        detail = f"{quoted(path)} must validate all the schemas (allOf){none}"
        failed.append(_invalid(NO_FIELD, "", detail))
    # Two groups may fail in the same words; the server says it once.
    found += dict.fromkeys(failed)


def _check_text(node: Node, value: str, path: str, found: list[Cause]) -> None:
    longest, shortest, matcher = node.max_length, node.min_length, node.matcher
    if longest is not None and len(value) > longest:
        message = f"Too long: may not be more than {longest} bytes"
        found.append(Cause("FieldValueTooLong", message, path))
    elif shortest is not None and len(value) < shortest:
        found.append(
            _invalid(path, value, f"{path} in body should be at least {shortest} chars long")
        )
    elif matcher is not None and matcher.search(value) is None:
        found.append(_invalid(path, value, f"{path} in body should match '{node.pattern}'"))
    if node.format and not fits(node.format, value):
        found.append(wrong_type(path, node.format, value, value))


def _check_number(node: Node, value: float, path: str, found: list[Cause]) -> None:
    if node.type == "integer" and not _has_room(node.format, value):
        form = f"with format {node.format}" if node.format else "(default format)"
        detail = f"Checked value must be of type integer {form} in {path}"
        found.append(_invalid(NO_FIELD, "", detail))
    if node.minimum is not None and value < node.minimum:
        bound = _bound(node.minimum, value)
        detail = f"{path} in body should be greater than or equal to {bound}"
        found.append(_invalid(path, value, detail))
    if node.maximum is not None and value > node.maximum:
        bound = _bound(node.maximum, value)
        detail = f"{path} in body should be less than or equal to {bound}"
        found.append(_invalid(path, value, detail))


def _bound(bound: int, value: float) -> str:
    return number(float(bound) if isinstance(value, float) else bound)


def _has_room(form: str, value: float) -> bool:
    # The server compares the shortest text of a number, which for large ones is another number.
    shortest = Decimal(repr(value))
    limit = 2**31 if form == "int32" else 2**63
    return shortest == shortest.to_integral_value() and -limit <= shortest < limit


def _check_list(node: Node, value: list[object], path: str, found: list[Cause]) -> None:
    items = node.items
    if items is not None:
        for index, item in enumerate(value):
            _check(items, item, f"{path}[{index}]", found)
    if node.min_items is not None and len(value) < node.min_items:
        detail = f"{path} in body should have at least {node.min_items} items"
        found.append(_invalid(path, len(value), detail))
    if node.max_items is not None and len(value) > node.max_items:
        found.append(_too_many(path, len(value), node.max_items))


def _check_map(node: Node, value: Mapping[str, object], path: str, found: list[Cause]) -> None:
    if node.min_properties is not None and len(value) < node.min_properties:
        detail = f"{path} in body should have at least {node.min_properties} properties"
        found.append(_invalid(path, len(value), detail))
    if node.max_properties is not None and len(value) > node.max_properties:
        found.append(_too_many(path, len(value), node.max_properties))
    properties, additional = node.properties, node.additional
    for name, item in value.items():
        child = properties.get(name, additional)
        if child is not None:
            _check(child, item, f"{path}.{name}" if path else name, found)
    for name in node.required:
        if name not in value:
            field = f"{path}.{name}" if path else name
            found.append(Cause("FieldValueRequired", "Required value", field))
