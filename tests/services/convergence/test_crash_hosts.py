"""A worker that dies in the delivery of a host: less is open than granted, and others finish it.

A seeded sample of all moments is tried; EGRESS_CRASHES=all tries each of them,
EGRESS_CRASHES=17,23 tries these.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from egress.domain.access import Protocol, Subject
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Delivery, Grant, OwnedObject, Slice
from tests.services.convergence.crashing import Killed, Moments, dying
from tests.services.live_mesh import live_mesh
from tests.services.world import World, assert_chain_is_valid
from tests.tries import tries

SEED = 20261121
SAMPLE = tries(3, of=12)
State = tuple[object, ...]


@dataclass(frozen=True)
class Company:
    """Two namespaces and the hosts of one crash, told apart from those of others by a number."""

    world: World
    number: int

    def host(self, name: str) -> str:
        return f"{name}-{self.number:04}.example.com"

    @property
    def names(self) -> tuple[str, str]:
        return f"one-{self.number:04}", f"two-{self.number:04}"


Scenario = Callable[[Company], None]


def doors_and_requests_come_and_go(company: Company) -> None:
    """Behind a gateway: a door for two, one of which goes, beside HTTP that comes."""
    world, (one, two) = company.world, company.names
    api, www = company.host("api"), company.host("www")
    gone = world.approve(api, one)
    world.approve(api, two)
    old = world.approve(www, one, 80, "HTTP")
    world.settle(2)
    world.revoke(gone)
    world.revoke(old)
    world.approve(www, two, 8080, "HTTP")
    world.approve(api, one, 5432, "TCP")


def a_waypoint_gets_another_port(company: Company) -> None:
    world, (one, two) = company.world, company.names
    api = company.host("api")
    gone = world.approve(api, one)
    world.settle(2)
    world.revoke(gone)
    world.approve(api, two, 80, "HTTP")


def a_central_host_changes_hands(company: Company) -> None:
    world, (one, two) = company.world, company.names
    api, www = company.host("api"), company.host("www")
    gone = world.approve(api, one)
    world.approve(www, one)
    world.settle(2)
    world.revoke(gone)
    world.approve(api, two)


SCENARIOS: dict[str, tuple[str, bool, Scenario]] = {
    "gateway": ("gateway", False, doors_and_requests_come_and_go),
    "ambient": ("ambient", False, a_waypoint_gets_another_port),
    "central": ("sidecar", True, a_central_host_changes_hands),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_worker_killed_at_any_moment_of_a_hosts_delivery_is_made_up_for(
    world: World, name: str
) -> None:
    enforcement, is_central, scenario = SCENARIOS[name]
    world.enforce(enforcement, central_entries=is_central)
    world.know_dns_capture()
    expected, moments = uninterrupted(begin(world, 9999, enforcement), scenario)
    assert len(moments.seen) > 60
    for number in chosen(len(moments.seen)):
        company = begin(world, number, enforcement)
        scenario(company)
        try:
            with dying(Moments(kill_at=number), world.sandbox.gateway):
                world.converge("doomed")
        except Killed as killed:
            when = f"killed at moment {number} (seed {SEED}), {killed}"
        else:
            continue
        assert_nothing_is_open_that_was_not_granted(company, when)
        finish(world)
        assert state_of(company) == expected, when
        assert not Delivery.objects.filter(outcome="running").exists(), when
    assert_chain_is_valid()


def chosen(count: int) -> list[int]:
    if os.environ.get("EGRESS_CRASHES") == "all":
        return list(range(count))
    if only := os.environ.get("EGRESS_CRASHES"):
        return [int(number) for number in only.split(",")]
    return sorted(random.Random(SEED).sample(range(count), SAMPLE))


def begin(world: World, number: int, enforcement: str) -> Company:
    company = Company(world, number)
    for name in company.names:
        world.sandbox.namespace(name, {"istio-injection": "enabled"})
        world.sandbox.account(name, "web")
    world.sync()
    if enforcement != "ambient":
        for name in company.names:
            world.deny_by_default(name)
    return company


def uninterrupted(company: Company, scenario: Scenario) -> tuple[State, Moments]:
    scenario(company)
    moments = Moments()
    with dying(moments, company.world.sandbox.gateway):
        company.world.converge("doomed")
    finish(company.world)
    return state_of(company), moments


def finish(world: World) -> None:
    """Let other workers do what is left, as time goes by."""
    for _ in range(4):
        Slice.objects.filter(lease_until__isnull=False).update(quiet_at=None)
        world.run_out()
        Slice.objects.filter(quiet_at__isnull=False).update(quiet_at=None)
        world.converge("heir")


def grants_of(company: Company) -> list[Grant]:
    return list(Grant.objects.filter(namespace__in=company.names).order_by("pk"))


def reached(company: Company) -> list[bool]:
    """Tell for each grant of the company, and for either namespace, whether it is open."""
    mesh = live_mesh(company.world)
    asks = mesh.admits if company.world.cluster.enforcement == "ambient" else mesh.can
    return [
        asks(Subject(name, "web"), grant.host, grant.port, Protocol(grant.protocol)).allowed
        for grant in grants_of(company)
        for name in company.names
    ]


def assert_nothing_is_open_that_was_not_granted(company: Company, when: str) -> None:
    grants = grants_of(company)
    may = {
        (grant.namespace, grant.host, grant.port)
        for grant in grants
        if grant.confirmed_at is None or grant.status in OPEN_GRANT_STATUSES
    }
    asked = [(name, grant.host, grant.port) for grant in grants for name in company.names]
    for place, is_open in zip(asked, reached(company), strict=True):
        assert place in may or not is_open, f"{place} {when}"


def state_of(company: Company) -> State:
    number = f"-{company.number:04}"
    records = OwnedObject.objects.filter(name__contains=f"{number}-") | OwnedObject.objects.filter(
        namespace__in=company.names
    )
    return (
        reached(company),
        [
            (g.port, g.status, g.confirmed_at is not None, g.failed_reason)
            for g in grants_of(company)
        ],
        sorted(
            (row.kind, bool(row.uid), bool(row.content_hash), row.intent_hash)
            for row in records.distinct()
        ),
        [
            (row.wanted == row.done, row.problem_reason)
            for row in Slice.objects.filter(key__contains=number).order_by("key")
        ],
    )
