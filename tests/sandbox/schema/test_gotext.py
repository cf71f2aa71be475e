"""Values look in messages as Go prints them."""

from __future__ import annotations

import pytest

from egress.sandbox.schema.gotext import as_json, bad_value, literal, number, plain, quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-7, "-7"),
        (0.0, "0"),
        (1.5, "1.5"),
        (12.0, "12"),
        (123456.0, "123456"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2e30, "-2e+30"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_texts_are_quoted_with_escapes() -> None:
    assert quoted("plain ä") == '"plain ä"'
    assert quoted('a"b\\c\n\t\x01\x7f\u200b\U000e0001') == (
        '"a\\"b\\\\c\\n\\t\\x01\\x7f\\u200b\\U000e0001"'
    )


def test_maps_and_lists() -> None:
    value = {"b": [1, "x", None], "a": True}
    assert plain(value) == "map[a:true b:[1 x <nil>]]"
    assert literal(value) == (
        'map[string]interface {}{"a":true, "b":[]interface {}{1, "x", interface {}(nil)}}'
    )
    assert as_json({"b": "<&>", "a": 1}) == '{"a":1,"b":"\\u003c\\u0026\\u003e"}'
    assert bad_value(value) == '{"a":true,"b":[1,"x",null]}'
    assert bad_value(True) == "true"
