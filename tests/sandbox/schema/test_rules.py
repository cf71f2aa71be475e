"""Rules are asked at every value they belong to, and keys of lists are unique."""

from __future__ import annotations

from egress.sandbox.schema.build import integer, listing, mapping, needed, obj, rule, text
from egress.sandbox.schema.node import Cause, Node, RuleError
from egress.sandbox.schema.rules import key_causes, rule_causes

EVEN = integer(rules=[rule("must be even", lambda number: number % 2 == 0)])
NODE = obj({"one": EVEN, "list": listing(EVEN), "map": mapping(EVEN)})


def told(node: Node, value: object, old: object = None) -> list[tuple[str, str]]:
    return [(cause.field, cause.message) for cause in rule_causes(node, value, old)]


def test_a_rule_is_asked_wherever_its_value_is() -> None:
    assert told(NODE, {"one": 1, "list": [2, 3], "map": {"a": 5, "b": 6}}) == [
        ("one", "Invalid value: 1: must be even"),
        ("list[1]", "Invalid value: 3: must be even"),
        ("map[a]", "Invalid value: 5: must be even"),
    ]
    assert told(NODE, {"one": None}) == []


def test_the_value_of_a_map_or_list_is_not_shown() -> None:
    node = listing(text(), rules=[rule("must be short", lambda items: len(items) < 2)])
    assert told(node, ["a", "b"]) == [("", "Invalid value: must be short")]


def test_a_rule_that_cannot_be_computed_is_broken() -> None:
    def fail(_: object) -> bool:
        raise RuleError("no such key: a")

    node = obj(rules=[rule("must have a", fail)])
    assert told(node, {}) == [
        ("", 'Invalid value: "object": no such key: a evaluating rule: must have a')
    ]


def test_a_rule_about_a_change_needs_two_values() -> None:
    fixed = text(rules=[rule("is fixed", lambda new, old: new == old, on_change=True)])
    node = obj({"a": fixed})
    assert told(node, {"a": "x"}) == []
    assert told(node, {"a": "x"}, {}) == []
    assert told(node, {"a": "x"}, {"a": "x"}) == []
    assert told(node, {"a": "x"}, {"a": "y"}) == [("a", 'Invalid value: "x": is fixed')]


def test_a_needed_field_has_its_own_reason() -> None:
    node = obj({"a": text()}, rules=[needed(".a", lambda value: "a" in value)])
    assert rule_causes(node, {}) == [Cause("FieldValueRequired", "Required value", ".a")]


def test_the_second_appearance_of_a_key_is_named() -> None:
    named = listing(obj({"name": text()}), keys=("name",))
    causes = key_causes(named, [{"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "a"}], "x")
    assert causes == [Cause("FieldValueDuplicate", 'Duplicate value: {"name":"a"}', "x[2]")]
    assert key_causes(listing(text(), unique=True), ["a", "b", "a"], "x") == [
        Cause("FieldValueDuplicate", 'Duplicate value: "a"', "x[2]")
    ]


def test_keys_are_looked_for_at_every_depth() -> None:
    named = listing(obj({"name": text(), "set": listing(text(), unique=True)}), keys=("name",))
    node = obj({"free": mapping(named)})
    causes = key_causes(node, {"free": {"k": [{"name": "a", "set": ["x", "x"]}]}})
    assert [cause.field for cause in causes] == ["free[k][0].set[1]"]
