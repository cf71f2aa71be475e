"""Decisions on whole namespaces: default deny, host lists and network policies."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import Access, Destination, Enforcement, Inventory, Protocol, Subject
from egress.domain.objects import KubeObject
from egress.domain.order import Direction, Verb
from egress.domain.render import render
from tests.domain.examples import CLUSTER, namespace
from tests.domain.order.worlds import steps_between

TLS = Access(Subject("default"), Destination("a.example.com", 443, Protocol.TLS))
NAMED = Access(
    Subject("default"), Destination("203.0.113.9/32", 5432, Protocol.TCP, alias="old-database")
)


def objects(
    *grants: Access,
    enforcement: Enforcement = Enforcement.SIDECAR,
    central: bool = False,
    **facts: Any,
) -> list[KubeObject]:
    """What these grants and decisions need."""
    cluster = replace(CLUSTER, enforcement=enforcement, central_entries=central)
    return render(cluster, Inventory({"default": namespace("default", **facts)}), grants)


def closed_by(decision: str) -> dict[str, Any]:
    """The decision, as a fact of the namespace."""
    return {decision: True}


@pytest.mark.parametrize("decision", ["default_deny", "network_policy"])
def test_a_namespace_is_closed_after_it_has_what_was_granted(decision: str) -> None:
    steps = steps_between([], objects(TLS, NAMED, **closed_by(decision)))
    closing = steps[-1]
    assert (closing.verb, closing.direction) == (Verb.CREATE, Direction.OUT)
    assert {key.kind for key in closing.waits_for} == {"ServiceEntry", "Service"}
    assert not closing.needs, "a grant that cannot be written must not keep the namespace open"


def test_a_namespace_is_closed_after_the_gateway_knows_its_hosts() -> None:
    steps = steps_between([], objects(TLS, enforcement=Enforcement.GATEWAY, network_policy=True))
    assert steps[-1].key.kind == "NetworkPolicy"
    assert {str(key.namespace) for key in steps[-1].waits_for} == {"istio-egress"}


@pytest.mark.parametrize("decision", ["default_deny", "network_policy"])
def test_a_namespace_is_opened_after_everything_that_closes(decision: str) -> None:
    steps = steps_between(objects(TLS, NAMED, **closed_by(decision)), objects(NAMED))
    assert (steps[-1].verb, steps[-1].direction) == (Verb.DELETE, Direction.IN)
    assert steps[-1].key.kind in ("Sidecar", "NetworkPolicy")


def test_a_network_policy_is_changed_in_one_write() -> None:
    before = objects(network_policy=True)
    (step,) = steps_between(before, objects(enforcement=Enforcement.AMBIENT, network_policy=True))
    assert (step.key.kind, step.verb, step.direction) == (
        "NetworkPolicy",
        Verb.UPDATE,
        Direction.OUT,
    )


def test_a_host_list_that_comes_closes_and_one_that_goes_opens() -> None:
    whole, listed = objects(default_deny=True), objects(default_deny=True, central=True)
    (closing,) = steps_between(whole, listed)
    (opening,) = steps_between(listed, whole)
    assert (closing.direction, opening.direction) == (Direction.OUT, Direction.IN)
    assert closing.verb is opening.verb is Verb.UPDATE


def test_a_host_list_is_switched_on_after_the_entries_that_it_admits() -> None:
    steps = steps_between([], objects(TLS, default_deny=True, central=True))
    assert [step.key.kind for step in steps] == ["ServiceEntry", "Sidecar"]
    assert {key.kind for key in steps[-1].waits_for} == {"ServiceEntry"}
