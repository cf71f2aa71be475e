"""Unknown fields go, defaults come, and nulls count as absent."""

from __future__ import annotations

from typing import Any

from egress.sandbox.schema import prune, schema_of, with_defaults
from egress.sandbox.schema.build import anything, boolean, integer, listing, mapping, obj, text

NODE = obj(
    {
        "name": text(),
        "count": integer(default=3),
        "maybe": boolean(nullable=True),
        "labels": mapping(text()),
        "ports": listing(obj({"port": integer(), "protocol": text(default="TCP")})),
        "kept": obj({"known": obj({"a": text()})}, preserve_unknown=True),
        "any": anything(),
        "inner": obj({"deep": text(default="x")}, default={}),
    }
)


def test_unknown_fields_are_dropped_and_named() -> None:
    kept, warnings = prune(
        NODE,
        {
            "zz": 1,
            "name": "a",
            "ports": [{"port": 1, "b": 1}],
            "labels": {"free": "x"},
            "kept": {"unknown": 1, "known": {"c": 1}},
            "any": {"d": 1},
        },
    )
    assert kept == {
        "name": "a",
        "ports": [{"port": 1}],
        "labels": {"free": "x"},
        "kept": {"unknown": 1, "known": {}},
        "any": {"d": 1},
    }
    assert warnings == [
        'unknown field "kept.known.c"',
        'unknown field "ports[0].b"',
        'unknown field "zz"',
    ]


def test_a_map_in_the_place_of_a_text_loses_its_fields() -> None:
    assert prune(NODE, {"name": {"a": 1}}) == ({"name": {}}, ['unknown field "name.a"'])


def test_defaults_are_filled_in_at_every_depth() -> None:
    assert with_defaults(NODE, {"ports": [{"port": 1}, {"protocol": "UDP"}]}) == {
        "ports": [{"port": 1, "protocol": "TCP"}, {"protocol": "UDP"}],
        "count": 3,
        "inner": {"deep": "x"},
    }


def test_null_counts_as_absent_unless_it_is_allowed() -> None:
    given = {"name": None, "count": None, "maybe": None, "any": None, "labels": {"a": None}}
    assert with_defaults(NODE, given) == {
        "count": 3,
        "maybe": None,
        "any": None,
        "labels": {},
        "inner": {"deep": "x"},
    }


def test_a_default_is_not_shared_between_objects() -> None:
    first = with_defaults(NODE, {})
    second: Any = with_defaults(NODE, {})
    second["inner"]["deep"] = "changed"
    assert first["inner"] == {"deep": "x"}


def test_a_gateway_waits_for_its_controller() -> None:
    gateway = with_defaults(
        schema_of("gateway.networking.k8s.io", "Gateway"),
        {"spec": {"gatewayClassName": "istio", "listeners": [{"name": "a", "port": 80}]}},
    )
    spec: Any = gateway["spec"]
    status: Any = gateway["status"]
    assert spec["listeners"][0]["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert [(one["type"], one["status"], one["reason"]) for one in status["conditions"]] == [
        ("Accepted", "Unknown", "Pending"),
        ("Programmed", "Unknown", "Pending"),
    ]
