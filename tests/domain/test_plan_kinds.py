"""What a plan thinks of the fields of others, and of crashes, for each kind of object."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import Destination, Enforcement, Protocol
from egress.domain.objects import KubeObject, content_hash, key_of
from egress.domain.plan import Action, OwnedRecord
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, live, managed, namespace, to
from tests.domain.test_plan import RULE, altered, only, planned

GATEWAY = replace(CLUSTER, enforcement=Enforcement.GATEWAY)
FIXED = Destination("203.0.113.9/32", 5432, Protocol.TCP, alias="old-database")
OF_EVERY_KIND = {
    obj["kind"]: obj
    for obj in [
        *render(
            GATEWAY,
            inventory(),
            [grant(to("a.example.com")), grant(to("b.example.com", 80, Protocol.HTTP))],
        ),
        *render(CLUSTER, inventory(namespace("default", network_policy=True)), [grant(FIXED)]),
    ]
}


@pytest.mark.parametrize(
    "kind",
    [
        "Gateway",
        "VirtualService",
        "AuthorizationPolicy",
        "Service",
        "EndpointSlice",
        "NetworkPolicy",
    ],
)
def test_whatever_somebody_adds_to_a_decision_asks_for_a_replacement(kind: str) -> None:
    obj = OF_EVERY_KIND[kind]
    place = "extra" if kind == "EndpointSlice" else "spec/extra"
    found = altered(live(obj, "u1"), place, {"a": 1})
    added: dict[str, Any] = (
        {"f:extra": {}} if kind == "EndpointSlice" else {"f:spec": {"f:extra": {}}}
    )
    found["metadata"]["managedFields"].append({"manager": "kubectl-edit", "fieldsV1": added})
    item = only(planned([obj], [found], {key_of(obj): OwnedRecord("u1")}))
    assert (item.action, item.replace) == (Action.UPDATE, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("subsets", [{"name": "x"}]), ("trafficPolicy/tunnel", {"targetHost": "x"})],
)
def test_a_rule_that_somebody_makes_lead_elsewhere_asks_for_a_replacement(
    field: str, value: Any
) -> None:
    found = altered(live(RULE, "u1"), f"spec/{field}", value)
    fields: dict[str, Any] = {}
    for name in reversed(field.split("/")):
        fields = {name: fields}
    found["metadata"]["managedFields"].append(managed("kubectl-edit", fields))
    assert only(planned([RULE], [found], {key_of(RULE): OwnedRecord("u1")})).replace


@pytest.mark.parametrize("obj", OF_EVERY_KIND.values(), ids=OF_EVERY_KIND)
def test_a_crash_before_the_uid_was_recorded_is_recognised_for_every_kind(obj: KubeObject) -> None:
    owned = {key_of(obj): OwnedRecord("", content_hash(obj))}
    assert only(planned([obj], [live(obj, "new-uid")], owned)).action is Action.UNCHANGED
    foreign = live(obj, "new-uid", manager="kubectl-edit")
    assert only(planned([obj], [foreign], owned)).action is Action.FOREIGN
