"""Values are held against types, bounds and alternatives in the server's words."""

from __future__ import annotations

import pytest

from egress.sandbox.schema.build import (
    boolean,
    choice,
    double,
    int32,
    int_or_text,
    integer,
    listing,
    mapping,
    obj,
    text,
)
from egress.sandbox.schema.node import Node
from egress.sandbox.schema.values import value_causes


def messages(node: Node, value: object) -> list[str]:
    return [cause.message for cause in value_causes(node, value, "spec.x")]


@pytest.mark.parametrize(
    ("node", "value", "message"),
    [
        (text(), 7, '"integer": spec.x in body must be of type string: "integer"'),
        (text(), None, '"null": spec.x in body must be of type string: "null"'),
        (boolean(), "true", '"string": spec.x in body must be of type boolean: "string"'),
        (integer(), True, '"boolean": spec.x in body must be of type integer: "boolean"'),
        (double(), "1", '"string": spec.x in body must be of type number: "string"'),
        (double(), True, '"": spec.x in body must be of type double: ""'),
        (listing(text()), {}, '"object": spec.x in body must be of type array: "object"'),
        (obj(), [], '"array": spec.x in body must be of type object: "array"'),
        (text(form="date-time"), "x", '"x": spec.x in body must be of type date-time: "x"'),
        (text(least=2), "a", '"a": spec.x in body should be at least 2 chars long'),
        (text(pattern="^a$"), "b", "\"b\": spec.x in body should match '^a$'"),
        (integer(1), 0, "0: spec.x in body should be greater than or equal to 1"),
        (integer(1, 9), 10, "10: spec.x in body should be less than or equal to 9"),
        (double(0, 1), 1.5, "1.5: spec.x in body should be less than or equal to 1"),
        (listing(text(), least=1), [], "0: spec.x in body should have at least 1 items"),
        (mapping(text(), least=1), {}, "0: spec.x in body should have at least 1 properties"),
        (
            int32(),
            2**31,
            '"": Checked value must be of type integer with format int32 in spec.x',
        ),
        (
            obj({"a": text(), "b": text()}, at_most_one=[("a", "b")]),
            {"a": "", "b": ""},
            '"": "spec.x" must validate one and only one schema (oneOf). '
            "Found 2 valid alternatives",
        ),
    ],
)
def test_what_does_not_fit_is_invalid(node: Node, value: object, message: str) -> None:
    assert messages(node, value) == [f"Invalid value: {message}"]


@pytest.mark.parametrize(
    ("node", "value", "message"),
    [
        (text(most=2), "abc", "Too long: may not be more than 2 bytes"),
        (listing(text(), most=1), ["a", "b"], "Too many: 2: must have at most 1 items"),
        (mapping(text(), most=1), {"a": "", "b": ""}, "Too many: 2: must have at most 1 items"),
        (choice("A", "B"), "C", 'Unsupported value: "C": supported values: "A", "B"'),
        (obj({"a": text()}, required=("a",)), {}, "Required value"),
    ],
)
def test_what_does_not_fit_has_a_reason_of_its_own(node: Node, value: object, message: str) -> None:
    assert messages(node, value) == [message]


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (integer(), 3.0),
        (double(), 3),
        (int_or_text(), 3),
        (int_or_text(), "3"),
        (boolean(nullable=True), None),
        (text(most=2), "äö"),
        (int32(), -(2**31)),
        (obj({"a": text(), "b": text()}, at_most_one=[("a", "b")]), {}),
        (obj({"a": text(), "b": text()}, at_most_one=[("a", "b")]), {"b": ""}),
    ],
)
def test_what_fits_is_fine(node: Node, value: object) -> None:
    assert messages(node, value) == []


def test_a_pattern_ends_at_the_very_end_and_knows_plain_digits_only() -> None:
    assert messages(text(pattern="^a$"), "a\n")
    assert messages(text(pattern=r"^\d[$]$"), "٣$")
    assert not messages(text(pattern=r"^\d[$]$"), "3$")


def test_a_number_beyond_64_bits_is_read_as_a_fraction() -> None:
    causes = value_causes(integer(0, 9), 2**64, "x")
    assert [cause.message for cause in causes][-1] == (
        "Invalid value: 1.8446744073709552e+19: x in body should be less than or equal to 9"
    )


def test_causes_name_the_place_of_the_value() -> None:
    node = obj({"a": listing(mapping(obj({"b": integer(1)}, required=("c",))))})
    fields = [cause.field for cause in value_causes(node, {"a": [{}, {"k": {"b": 0}}]})]
    assert fields == ["a[1].k.b", "a[1].k.c"]
