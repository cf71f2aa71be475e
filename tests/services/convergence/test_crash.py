"""A worker that dies at any moment leaves less open than granted, and another finishes its work."""

import os
from collections.abc import Callable

import pytest
from django.utils import timezone

from egress.cluster import kinds
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Delivery, Grant, Namespace, OwnedObject, Slice
from egress.services.convergence.sweep import full_sweep
from tests.services.convergence.crashing import Killed, Moments, dying
from tests.services.world import World, assert_chain_is_valid
from tests.tries import tries

STEP = 1 if os.environ.get("EGRESS_CRASHES") == "all" else tries(5, of=3)
"""Every fifth moment in a hurry: `make faults` kills at each of them, in processes of their own."""
Scenario = Callable[[World, str], None]
State = tuple[object, ...]


def three_grants(world: World, namespace: str) -> None:
    world.approve("api.example.com", namespace)
    world.approve("api.example.com", namespace, port=8443)
    world.approve("www.example.com", namespace, 80, "HTTP", tls_origination=True)


def one_comes_and_two_go(world: World, namespace: str) -> None:
    kept = world.approve("kept.example.com", namespace)
    narrowed = world.approve("kept.example.com", namespace, port=8443)
    gone = world.approve("gone.example.com", namespace, 80, "HTTP", tls_origination=True)
    world.converge()
    world.revoke(narrowed)
    world.revoke(gone)
    world.approve("new.example.com", namespace)
    assert kept.pk


def default_deny_with_a_revoke(world: World, namespace: str) -> None:
    gone = world.approve("gone.example.com", namespace)
    world.converge()
    Namespace.objects.filter(name=namespace).update(
        default_deny=True, default_deny_at=timezone.now()
    )
    world.revoke(gone)
    world.approve("new.example.com", namespace)


def begin(world: World, number: int, scenario: Scenario) -> str:
    namespace = f"crash-{number}"
    world.sandbox.namespace(namespace, {"istio-injection": "enabled"})
    world.sync()
    scenario(world, namespace)
    return namespace


def state_of(world: World, namespace: str) -> State:
    grants = Grant.objects.filter(namespace=namespace).order_by("host", "port")
    return (
        world.hosts(namespace),
        world.objects(kinds.DESTINATION_RULE, namespace),
        world.objects(kinds.SIDECAR, namespace),
        [(g.host, g.port, g.status, g.confirmed_at is not None, g.failed_reason) for g in grants],
        world.namespace(namespace).default_deny_enforced,
        world.slice(namespace).wanted == world.slice(namespace).done,
        sorted(
            (row.kind, row.name, bool(row.uid), bool(row.content_hash), row.intent_hash)
            for row in OwnedObject.objects.filter(namespace=namespace)
        ),
    )


def assert_nothing_is_open_that_was_not_granted(world: World, namespace: str, when: str) -> None:
    grants = Grant.objects.filter(namespace=namespace)
    allowed = {(g.host, g.port) for g in grants if g.confirmed_at is None}
    wanted = {(g.host, g.port) for g in grants if g.status in OPEN_GRANT_STATUSES}
    assert world.hosts(namespace) <= allowed | wanted, when


@pytest.mark.parametrize(
    "scenario", [three_grants, one_comes_and_two_go, default_deny_with_a_revoke]
)
def test_a_worker_killed_at_any_moment_is_made_up_for(world: World, scenario: Scenario) -> None:
    expected = uninterrupted(world, scenario)
    number = 0
    while True:
        namespace = begin(world, number, scenario)
        moments = Moments(kill_at=number)
        try:
            with dying(moments, world.sandbox.gateway):
                world.converge("doomed")
        except Killed as killed:
            when = f"killed at moment {number}, {killed}"
        else:
            break
        assert_nothing_is_open_that_was_not_granted(world, namespace, when)
        finish(world, namespace)
        assert state_of(world, namespace) == expected, when
        assert not Delivery.objects.filter(outcome="running").exists(), when
        number += STEP
    assert number > 40
    assert_chain_is_valid()


def uninterrupted(world: World, scenario: Scenario) -> State:
    namespace = begin(world, 9999, scenario)
    world.converge()
    return state_of(world, namespace)


def finish(world: World, namespace: str) -> None:
    """Let other workers do what is left, as time goes by."""
    for _ in range(4):
        world.run_out()
        world.make_due(namespace)
        world.converge("heir")


class First(Moments):
    """Kills at the first moment of a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def pass_by(self, name: str) -> None:
        self.seen.append(name)
        if self._name in self.seen:
            raise Killed(name)


@pytest.mark.parametrize("when", ["before delete", "after delete", "before create"])
def test_what_is_to_be_made_anew_is_on_record_as_written_only_once_it_was(
    world: World, when: str
) -> None:
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    ports = {"spec": {"ports": [*entry["spec"]["ports"], port]}}
    world.sandbox.patch(entry, ports, manager="kubectl-edit")
    full_sweep(world.cluster)
    with dying(First(when), world.sandbox.gateway), pytest.raises(Killed):
        world.converge("doomed")
    finish(world, "shop")
    abandoned = Delivery.objects.get(outcome="abandoned")
    results = {step.action: step.result for step in abandoned.steps.all()}
    deleted = "written" if when != "before delete" else "failed"
    assert results == {"delete": deleted, "create": "failed"}
    assert world.hosts() == {("api.example.com", 443)}
    assert_chain_is_valid()


class Nth(Moments):
    """Kills at the moment of a name when it comes for the `number`-th time."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__()
        self._name, self._number = name, number

    def pass_by(self, name: str) -> None:
        self.seen.append(name)
        if name == self._name and self.seen.count(name) == self._number:
            raise Killed(name)


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_narrowed_before_it_is_removed_is_on_record_as_written(
    gated: World, number: int
) -> None:
    grant = gated.deliver("api.example.com")
    gated.revoke(grant)
    with dying(Nth("after update", number), gated.sandbox.gateway), pytest.raises(Killed):
        gated.converge("doomed")
    gated.run_out()
    gated.converge("heir")
    updates = Delivery.objects.get(outcome="abandoned").steps.filter(action="update")
    assert [step.result for step in updates.order_by("position")][:number] == ["written"] * number


def test_what_another_delivery_wrote_to_since_is_not_told_as_failed(gated: World) -> None:
    gated.revoke(gated.deliver("api.example.com"))
    with dying(Nth("after update", 2), gated.sandbox.gateway), pytest.raises(Killed):
        gated.converge("doomed")
    gated.run_out()
    Slice.objects.filter(key__startswith="host:").update(due_at="2100-01-01T00:00Z")
    gated.make_due()
    gated.converge("heir of the namespace")
    gated.run_out()
    gated.converge("heir")
    narrowed = Delivery.objects.get(outcome="abandoned").steps.get(kind="DestinationRule")
    assert narrowed.result == "unknown"
    assert_chain_is_valid()
