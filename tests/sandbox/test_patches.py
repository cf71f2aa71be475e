"""JSON merge patch, JSON patch and strategic merge patch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import ENTRIES, JSON_PATCH, STRATEGIC, Call, entry, service

SERVICES = "/api/v1/namespaces/default/services"
PORTS = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]


def ports(call: Call, patch: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the ports of a Service after a strategic merge patch."""
    call("POST", SERVICES, service(ports=PORTS))
    reply = call("PATCH", f"{SERVICES}/db", {"spec": patch}, STRATEGIC)
    assert reply.status == 200, reply.body
    return [(port["name"], port["port"]) for port in reply.body["spec"]["ports"]]


def test_a_strategic_patch_merges_a_list_by_its_keys(call: Call) -> None:
    found = ports(call, {"ports": [{"port": 2, "name": "renamed"}, {"port": 3, "name": "c"}]})
    assert found == [("a", 1), ("renamed", 2), ("c", 3)]


def test_a_strategic_patch_can_drop_and_replace_items(call: Call) -> None:
    assert ports(call, {"ports": [{"port": 1, "$patch": "delete"}]}) == [("b", 2)]
    patch = {"spec": {"ports": [{"name": "z", "port": 9}, {"$patch": "replace"}]}}
    reply = call("PATCH", f"{SERVICES}/db", patch, STRATEGIC)
    assert [port["port"] for port in reply.body["spec"]["ports"]] == [9]


def test_a_strategic_patch_with_null_removes_a_field(call: Call) -> None:
    call("POST", SERVICES, service(selector={"app": "db"}))
    reply = call("PATCH", f"{SERVICES}/db", {"spec": {"selector": None}}, STRATEGIC)
    assert "selector" not in reply.body["spec"]


@pytest.mark.parametrize(
    ("operation", "path", "value", "expected"),
    [
        ("add", "/metadata/labels", {"a": "b"}, {"a": "b"}),
        ("add", "/metadata/annotations", {"x/z": "1"}, None),
        ("replace", "/spec/resolution", "NONE", None),
        ("test", "/spec/resolution", "DNS", None),
        ("add", "/spec/ports/-", {"number": 80, "name": "h", "protocol": "HTTP"}, None),
    ],
)
def test_json_patch_operations_work(
    call: Call, operation: str, path: str, value: Any, expected: Any
) -> None:
    call("POST", ENTRIES, entry())
    patch = [{"op": operation, "path": path, "value": value}]
    reply = call("PATCH", f"{ENTRIES}/one", patch, JSON_PATCH)
    assert reply.status == 200, reply.body
    assert expected is None or reply.body["metadata"]["labels"] == expected


def test_json_patch_moves_copies_and_removes(call: Call) -> None:
    body = entry()
    body["metadata"]["annotations"] = {"a": "1", "b/c": "2"}
    call("POST", ENTRIES, body)
    patch = [
        {"op": "copy", "from": "/metadata/annotations/a", "path": "/metadata/annotations/d"},
        {"op": "move", "from": "/metadata/annotations/b~1c", "path": "/metadata/annotations/e"},
        {"op": "remove", "path": "/metadata/annotations/a"},
    ]
    reply = call("PATCH", f"{ENTRIES}/one", patch, JSON_PATCH)
    assert reply.body["metadata"]["annotations"] == {"d": "1", "e": "2"}


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ({"op": "add"}, 400),
        ([{"op": "add", "path": "/spec/x"}], 400),
        ([7], 400),
        ([{"op": "remove", "path": "/spec/absent"}], 422),
        ([{"op": "test", "path": "/spec/resolution", "value": "NONE"}], 422),
        ([{"op": "add", "path": "/spec/ports/9", "value": {}}], 422),
        ([{"op": "add", "path": "/spec/hosts/0/deep", "value": 1}], 422),
        ([{"op": "jump", "path": "/spec"}], 422),
        ([{"op": "remove", "path": ""}], 422),
        ([{"op": "replace", "path": "", "value": 7}], 422),
    ],
)
def test_json_patches_that_do_not_fit_are_refused(call: Call, patch: Any, status: int) -> None:
    created = call("POST", ENTRIES, entry(resolution="DNS"))
    assert created.status == 201
    before = call("GET", f"{ENTRIES}/one").body
    assert call("PATCH", f"{ENTRIES}/one", patch, JSON_PATCH).status == status
    assert call("GET", f"{ENTRIES}/one").body == before
