"""What istiod adds to objects, as it was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import ENTRIES, MERGE, Call, a_store, an_api, apply, entry, in_process
from tests.sandbox.recording import recorded

GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways"


def addresses(call: Call, name: str = "one") -> list[dict[str, str]]:
    body = call("GET", f"{ENTRIES}/{name}").body
    found: list[dict[str, str]] = body.get("status", {}).get("addresses", [])
    return found


def waypoint() -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "egress", "namespace": "default"},
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
        },
    }


def test_an_entry_gets_the_recorded_status_and_managers(call: Call) -> None:
    theirs = recorded("istiod-serviceentry.json")["object"]
    apply(call, entry("kc", hosts=["kc.example.com"]))
    ours = call("GET", f"{ENTRIES}/kc").body
    for body in (theirs, ours):
        for name in ("uid", "resourceVersion", "creationTimestamp"):
            del body["metadata"][name]
        for claim in body["metadata"]["managedFields"]:
            del claim["time"]
    assert [address["host"] for address in ours["status"]["addresses"]] == ["kc.example.com"] * 2
    values = [address["value"] for address in ours["status"].pop("addresses")]
    assert (values[0].startswith("240.240."), values[1].startswith("2001:2::")) == (True, True)
    del theirs["status"]["addresses"]
    assert ours == theirs


def test_no_two_hosts_share_an_address_even_after_a_deletion(call: Call) -> None:
    seen = []
    for number in range(6):
        apply(call, entry("one", hosts=[f"h{number}.example.com", f"g{number}.example.com"]))
        seen += [address["value"] for address in addresses(call)]
        call("DELETE", f"{ENTRIES}/one")
    assert len(seen) == len(set(seen)) == 24


def test_a_host_keeps_its_address_when_others_join(call: Call) -> None:
    apply(call, entry())
    before = addresses(call)
    apply(call, entry(hosts=["a.example.com", "b.example.com"]))
    assert addresses(call)[:2] == before
    assert len(addresses(call)) == 4


@pytest.mark.parametrize(
    ("spec", "labels"),
    [
        ({"resolution": "NONE"}, {}),
        ({"addresses": ["203.0.113.7"]}, {}),
        ({"hosts": ["*.example.com"], "resolution": "NONE"}, {}),
        ({}, {"networking.istio.io/enable-autoallocate-ip": "false"}),
    ],
)
def test_entries_that_need_no_address_get_none(
    call: Call, spec: dict[str, Any], labels: dict[str, str]
) -> None:
    body = entry(**spec)
    body["metadata"]["labels"] = labels
    assert apply(call, body).status == 201
    assert addresses(call) == []


def test_an_entry_is_bound_once_its_waypoint_is_there(call: Call) -> None:
    body = entry()
    body["metadata"]["labels"] = {"istio.io/use-waypoint": "egress"}
    apply(call, body)

    def condition() -> dict[str, str]:
        [found] = call("GET", f"{ENTRIES}/one").body["status"]["conditions"]
        assert isinstance(found, dict)
        return found

    assert (condition()["type"], condition()["status"]) == ("istio.io/WaypointBound", "False")
    created = call("POST", GATEWAYS, waypoint())
    assert created.status == 201, created.body
    assert condition() | {"lastTransitionTime": ""} == {
        "type": "istio.io/WaypointBound",
        "status": "True",
        "reason": "WaypointAccepted",
        "message": "Successfully attached to waypoint default/egress",
        "lastTransitionTime": "",
    }
    call("DELETE", f"{GATEWAYS}/egress")
    assert condition()["status"] == "False"
    call("PATCH", f"{ENTRIES}/one", {"metadata": {"labels": None}}, MERGE)
    assert "conditions" not in call("GET", f"{ENTRIES}/one").body["status"]


def test_a_waypoint_is_programmed(call: Call) -> None:
    call("POST", GATEWAYS, waypoint())
    status = call("GET", f"{GATEWAYS}/egress").body["status"]
    found = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert found["Programmed"] == "True"


def test_what_istiod_did_survives_a_restart_without_a_new_write() -> None:
    store = a_store()
    apply(in_process(an_api(store)), entry())
    version = store.version
    an_api(store)
    assert store.version == version
