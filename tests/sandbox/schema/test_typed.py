"""What the merge library of the server cannot parse, in its words."""

from __future__ import annotations

import pytest

from egress.sandbox.schema import element_key, structural_error
from egress.sandbox.schema.build import (
    anything,
    boolean,
    int_or_text,
    integer,
    listing,
    mapping,
    obj,
    text,
)

NODE = obj(
    {
        "text": text(),
        "time": text(form="date-time"),
        "number": integer(),
        "flag": boolean(),
        "either": int_or_text(),
        "labels": mapping(text()),
        "list": listing(text()),
        "set": listing(text(), unique=True),
        "ports": listing(
            obj({"port": integer(), "protocol": text(default="TCP"), "name": text()}),
            keys=("port", "protocol"),
        ),
        "kept": obj({"known": obj({"flag": boolean()})}, preserve_unknown=True),
        "any": anything(),
    }
)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"text": 7}, ".text: expected string, got &value.valueUnstructured{Value:7}"),
        ({"text": 1.5}, ".text: expected string, got &value.valueUnstructured{Value:1.5}"),
        ({"number": "7"}, ".number: expected numeric (int or float), got string"),
        ({"number": True}, ".number: expected numeric (int or float), got bool"),
        ({"number": [1]}, ".number: expected numeric (int or float), got []interface {}"),
        ({"flag": "yes"}, ".flag: expected boolean, got &{yes}"),
        ({"flag": {"a": 1}}, ".flag: expected boolean, got &{map[a:1]}"),
        ({"either": []}, ".either: expected any scalar, got &{[]}"),
        ({"labels": {"a": 1}}, ".labels.a: expected string, got &value.valueUnstructured{Value:1}"),
        ({"labels": "a"}, ".labels: expected map, got &{a}"),
        ({"list": {"a": None}}, ".list: expected list, got &{map[a:<nil>]}"),
        ({"list": ["a", 1]}, ".list[1]: expected string, got &value.valueUnstructured{Value:1}"),
        ({"set": ["a", "b", "a"]}, '.set: duplicate entries for key [="a"]'),
        (
            {"set": [None]},
            ".set: element 0: associative list without keys has an element that's an explicit null",
        ),
        ({"nope": 1}, ".nope: field not declared in schema"),
        ({"kept": {"known": {"flag": 1}}}, ".kept.known.flag: expected boolean, got &{1}"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(value: object, error: str) -> None:
    assert structural_error(NODE, value) == error


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"text": None, "number": None, "flag": None, "list": None, "labels": None, "ports": None},
        {"number": 1.5},
        {"time": 7},
        {"either": 1},
        {"either": "1"},
        {"list": ["a", "a"]},
        {"kept": {"unknown": 1, "known": {"unknown": {"a": 1}}}},
        {"any": [{"a": 1}, None]},
        {"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]},
    ],
)
def test_what_the_server_parses_we_parse(value: object) -> None:
    assert structural_error(NODE, value) is None


def test_a_default_is_part_of_the_key() -> None:
    twice = {"ports": [{"port": 53}, {"port": 53, "protocol": "TCP"}]}
    assert structural_error(NODE, twice) == (
        '.ports: duplicate entries for key [port=53,protocol="TCP"]'
    )
    assert element_key(NODE.properties["ports"], {"port": 53}) == ('[port=53,protocol="TCP"]', "")


def test_an_error_inside_an_item_is_named_by_its_key() -> None:
    error = structural_error(NODE, {"ports": [{"port": 53, "name": 1}]})
    assert error == (
        '.ports[port=53,protocol="TCP"].name: '
        "expected string, got &value.valueUnstructured{Value:1}"
    )


def test_an_item_without_any_key_is_an_error_and_ends_the_list() -> None:
    keyed = obj({"named": listing(obj({"name": text()}), keys=("name",))})
    error = structural_error(keyed, {"named": [{}, "a"]})
    assert error == (
        ".named: element 0: associative list with keys has an element that omits all key fields "
        '["name"] (and doesn\'t have default values for any key fields)'
    )


def test_several_errors_are_listed() -> None:
    error = structural_error(NODE, {"text": 1, "flag": 1})
    assert error == (
        "errors:\n"
        "  .text: expected string, got &value.valueUnstructured{Value:1}\n"
        "  .flag: expected boolean, got &{1}"
    )
