"""What the mesh has to do before a host may be opened, or counts as open."""

from collections.abc import Iterator

import pytest

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.naming import base
from egress.models import Delivery, Slice
from egress.services.convergence import patience
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.cluster.sandboxes import sandbox_in_process
from tests.services.live_mesh import answer
from tests.services.world import World, assert_chain_is_valid

HOST = "db.example.com"
EGRESS = "istio-egress"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A cluster whose istiod works only when it is told to."""
    with sandbox_in_process(controllers="manual") as made:
        yield made


@pytest.fixture(autouse=True)
def _begin_anew() -> Iterator[None]:
    yield
    patience._waited.clear()


def entry(world: World, namespace: str) -> KubeObject | None:
    return world.sandbox.gateway.get(kinds.SERVICE_ENTRY, namespace, base(HOST))


def exported(world: World, namespace: str) -> list[str]:
    found = entry(world, namespace)
    return list(found["spec"]["exportTo"]) if found else []


CASES = {
    "sidecar": ("sidecar", False, "shop", ["~"], ["."]),
    "central": ("sidecar", True, EGRESS, ["."], [".", "shop"]),
    "gateway": ("gateway", False, EGRESS, ["."], [".", "shop"]),
}


@pytest.mark.parametrize("name", CASES)
def test_tcp_by_name_is_shown_only_once_it_has_an_address(world: World, name: str) -> None:
    enforcement, is_central, place, hidden, shown = CASES[name]
    world.enforce(enforcement, central_entries=is_central)
    world.know_dns_capture()
    world.deny_by_default("shop")
    grant = world.approve(HOST, "shop", 5432, "TCP")
    world.converge()
    assert exported(world, place) == hidden
    grant.refresh_from_db()
    assert (grant.status, grant.failed_reason) == ("pending", "")
    row = Slice.objects.get(problem_reason="AwaitsAddress")
    assert (row.attempts, row.wanted > row.done) == (0, True)
    deliveries = Delivery.objects.count()
    for _ in range(3):
        Slice.objects.filter(pk=row.pk).update(due_at="2020-01-01T00:00Z")
        world.converge()
    assert exported(world, place) == hidden
    assert Delivery.objects.count() == deliveries
    assert "grant:failed" not in world.tags()
    world.sandbox.settle()
    world.settle(2)
    assert exported(world, place) == shown
    grant.refresh_from_db()
    assert grant.status == "active"
    assert answer(world, "shop", "web", HOST, 5432, "TCP")
    assert not Delivery.objects.exclude(outcome="done").exists()
    assert_chain_is_valid()


def test_another_port_of_the_host_is_not_held_up_by_one_without_an_address(world: World) -> None:
    world.enforce("gateway")
    world.know_dns_capture()
    world.deny_by_default("shop")
    world.approve(HOST, "shop", 443)
    world.converge()
    assert answer(world, "shop", "web", HOST, 443, "TLS")
    tcp = world.approve(HOST, "shop", 5432, "TCP")
    world.converge()
    assert answer(world, "shop", "web", HOST, 443, "TLS")
    tcp.refresh_from_db()
    assert tcp.status == "pending"
    world.sandbox.settle()
    world.settle(2)
    tcp.refresh_from_db()
    assert tcp.status == "active"


def test_a_host_counts_as_open_once_its_waypoint_serves_it(world: World) -> None:
    world.enforce("ambient")
    grant = world.approve(HOST, "shop", 443)
    world.converge()
    grant.refresh_from_db()
    assert (grant.status, grant.failed_reason) == ("pending", "")
    row = world.host_slice(HOST)
    assert (row.problem_reason, row.attempts) == ("AwaitsWaypoint", 0)
    world.sandbox.settle()
    world.make_host_due(HOST)
    world.converge()
    grant.refresh_from_db()
    assert grant.status == "active"
    row = world.host_slice(HOST)
    assert (row.problem_reason, row.wanted) == ("", row.done)


def test_a_host_without_a_waypoint_is_never_called_open(world: World) -> None:
    world.enforce("ambient")
    world.sandbox.remove(
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"}
        | {"metadata": {"namespace": EGRESS, "name": "egress-waypoint"}}
    )
    grant = world.approve(HOST, "shop", 443)
    for _ in range(3):
        world.sandbox.settle()
        world.settle(1)
    grant.refresh_from_db()
    assert grant.status == "pending"
    assert world.host_slice(HOST).problem_reason == "AwaitsWaypoint"


def test_a_revoke_while_it_waits_is_confirmed_at_once(world: World) -> None:
    world.enforce("gateway")
    world.know_dns_capture()
    grant = world.approve(HOST, "shop", 5432, "TCP")
    world.converge()
    world.revoke(grant)
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert entry(world, EGRESS) is None


def test_waits_grow_from_half_a_second_to_half_a_minute() -> None:
    waits = [patience.next_wait(7) for _ in range(9)]
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert max(waits) == waits[-1] == 30.0
    patience.forget(7)
    assert patience.next_wait(7) == 0.5
