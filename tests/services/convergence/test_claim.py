"""Claims: one holder at a time, a number that rises, and a lease that ends."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from egress.domain.objects import ObjectKey
from egress.models import Priority, Slice
from egress.services.convergence.beside import Claims
from egress.services.convergence.claim import ClaimLostError
from egress.services.convergence.clock import steady
from egress.services.convergence.queue import LONGEST_DELAY, claim_next, delay_after
from tests import factories
from tests.services.world import World


def test_a_slice_is_claimed_by_one_worker_only(world: World) -> None:
    world.mark("shop")
    first = claim_next("worker-1")
    assert first is not None
    assert first.fence == 1
    assert claim_next("worker-2") is None
    first.check()


def test_what_takes_access_away_is_claimed_first(world: World) -> None:
    world.mark("shop", Priority.DRIFT)
    world.mark("data", Priority.REVOKE)
    taken = claim_next("worker-1")
    assert taken is not None
    assert taken.row.key == "namespace:data"


@pytest.mark.parametrize(
    ("priority", "first"),
    [(Priority.REVOKE, "host:api.example.com"), (Priority.GRANT, "namespace:shop")],
)
def test_doors_close_before_and_ways_open_before_what_became_due_with_them(
    world: World, priority: Priority, first: str
) -> None:
    now = timezone.now().replace(microsecond=0)
    for number, key in enumerate(["host:api.example.com", "namespace:shop"]):
        for microsecond in (number, 9 - number):
            due_at = now.replace(microsecond=microsecond)
            row = {"wanted": 1, "priority": priority, "due_at": due_at}
            Slice.objects.update_or_create(cluster=world.cluster, key=key, defaults=row)
    taken = claim_next("worker-1")
    assert taken is not None
    assert taken.row.key == first


def test_a_slice_that_is_due_keeps_the_more_urgent_priority_and_cause(world: World) -> None:
    world.mark("shop", Priority.REVOKE, "a revoke")
    world.mark("shop", Priority.DRIFT, "drift")
    row = world.slice("shop")
    assert (row.priority, row.cause, row.wanted) == (Priority.REVOKE, "a revoke", 2)


def test_clusters_take_turns_however_much_one_of_them_has_to_do(world: World) -> None:
    other = factories.cluster("other")
    for name in ("one", "two", "three"):
        Slice.objects.create(
            cluster=world.cluster, key=f"namespace:{name}", wanted=1, due_at=timezone.now()
        )
    Slice.objects.create(cluster=other, key="namespace:x", wanted=1, due_at=timezone.now())
    first, second = claim_next("worker-1"), claim_next("worker-1")
    assert first is not None
    assert second is not None
    assert {first.row.cluster_id, second.row.cluster_id} == {world.cluster.pk, other.pk}


def test_a_cluster_that_does_not_answer_holds_up_one_worker_only(world: World) -> None:
    type(world.cluster).objects.update(reachable=False)
    world.mark("shop")
    world.mark("data")
    assert claim_next("worker-1") is not None
    assert claim_next("worker-2") is None


def test_an_abandoned_slice_is_taken_over_and_becomes_quiet_later(
    world: World, settings: Settings
) -> None:
    settings.CALL_TIMEOUT_SECONDS = 10
    world.mark("shop")
    first = claim_next("worker-1")
    assert first is not None
    ran_out = timezone.now() - timedelta(seconds=1)
    Slice.objects.update(lease_until=ran_out)
    second = claim_next("worker-2")
    assert second is not None
    assert second.fence == first.fence + 1
    assert second.row.quiet_at == ran_out + timedelta(seconds=10)
    with pytest.raises(ClaimLostError):
        first.check()
    key = ObjectKey("networking.istio.io/v1", "ServiceEntry", "shop", "any")
    assert Claims(first).superseded([key]) == {"namespace:shop"}
    assert Claims(second).superseded([key]) == set()
    second.check()


def test_a_slice_given_back_in_order_has_no_quiet_time(world: World) -> None:
    world.deliver("api.example.com")
    world.mark("shop")
    again = claim_next("worker-2")
    assert again is not None
    assert again.row.quiet_at is None


def test_a_claim_is_not_used_when_too_little_of_its_lease_is_left(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS, settings.CALL_TIMEOUT_SECONDS = 60, 10
    world.mark("shop")
    held = claim_next("worker-1")
    assert held is not None
    asleep = steady() + 51
    monkeypatch.setattr("egress.services.convergence.claim.steady", lambda: asleep)
    # The database still believes in the lease and prolongs it: then there is enough time again.
    held.check()
    Slice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    monkeypatch.setattr("egress.services.convergence.claim.steady", lambda: asleep + 51)
    with pytest.raises(ClaimLostError):
        held.check()


def test_the_local_clock_ends_a_lease_even_when_the_database_does_not(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS, settings.CALL_TIMEOUT_SECONDS = 60, 10
    world.mark("shop")
    held = claim_next("worker-1")
    assert held is not None
    start = steady()
    readings = iter([start + 1, start + 51])
    # Frozen between the question to the database and the write: 50 seconds went by.
    monkeypatch.setattr("egress.services.convergence.claim.steady", lambda: next(readings))
    with pytest.raises(ClaimLostError):
        held.check()


def test_a_long_plan_prolongs_its_lease(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS = 60
    world.mark("shop")
    held = claim_next("worker-1")
    assert held is not None
    before = world.slice().lease_until
    later = steady() + 25
    monkeypatch.setattr("egress.services.convergence.claim.steady", lambda: later)
    held.check()
    after = world.slice().lease_until
    assert before is not None
    assert after is not None
    assert after > before


def test_delays_grow_to_five_minutes_and_are_never_the_same() -> None:
    delays = [delay_after(attempts) for attempts in range(12)]
    assert delays[0] <= 5
    assert all(delay <= LONGEST_DELAY for delay in delays)
    assert min(delay_after(30) for _ in range(20)) > LONGEST_DELAY / 2
    assert len({delay_after(3) for _ in range(5)}) == 5


def test_what_is_marked_while_a_slice_is_held_stays_due(world: World) -> None:
    world.mark("shop")
    held = claim_next("worker-1")
    assert held is not None
    world.mark("shop", Priority.REVOKE)
    held.finish()
    row = world.slice()
    assert (row.done, row.wanted) == (1, 2)
    assert claim_next("worker-1") is not None
