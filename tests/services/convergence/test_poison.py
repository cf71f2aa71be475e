"""A slice that nobody can work on waits longer each time, says why, and delays no other."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from egress.cluster.errors import ClusterError, Fault
from egress.models import Priority, Slice
from egress.services.convergence import crew
from egress.services.convergence.claim import Again, Claim
from egress.services.convergence.preparing import prepare
from egress.services.convergence.queue import LONGEST_DELAY, delay_after
from tests.services.world import World

ALL, EVERY = 1000, 100


@contextmanager
def broken(*keys: str, error: Exception | None = None) -> Iterator[list[str]]:
    """Let the deliveries of some slices break off, and return which were tried."""
    tried: list[str] = []

    def around(claims: Any, gateway: Any) -> Any:
        tried.append(claims.own.row.key)
        if claims.own.row.key in keys:
            raise error or KeyError("nobody thought of this")
        return prepare(claims, gateway)

    with mock.patch("egress.services.convergence.deliver.prepare", around):
        yield tried


def test_one_in_a_hundred_poisoned_delays_none_of_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = timezone.now() - timedelta(minutes=5)
    Slice.objects.bulk_create(
        Slice(cluster=world.cluster, key=f"namespace:n-{n}", wanted=1, due_at=past)
        for n in range(ALL)
    )
    tried = Counter[str]()

    def deliver(claim: Claim) -> bool:
        tried[claim.row.key] += 1
        if int(claim.row.key.rpartition("-")[2]) % EVERY == 0:
            claim.put_off(Again("Internal", "It broke.", wait=delay_after(claim.row.attempts)))
        else:
            claim.finish()
        return True

    monkeypatch.setattr(crew, "deliver", deliver)
    for _ in range(3):
        world.converge()
    poisoned = Slice.objects.filter(problem_reason="Internal")
    assert poisoned.count() == ALL // EVERY
    assert Slice.objects.filter(done=1).count() == ALL - ALL // EVERY
    again = {key for key, times in tried.items() if times > 1}
    assert again <= set(poisoned.values_list("key", flat=True))
    assert tried.total() <= ALL + 3 * ALL // EVERY, "each is tried again after a while only"


def test_the_wait_grows_with_each_attempt_and_for_the_poisoned_one_only(world: World) -> None:
    world.approve("bad.example.com", "shop")
    world.approve("good.example.com", "data")
    waits = []
    with broken("namespace:shop"):
        for _ in range(4):
            world.make_due("shop")
            world.converge()
            waits.append((world.slice("shop").due_at - timezone.now()).total_seconds())
        world.deliver("another.example.com", "data")
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]
    assert waits[-1] <= LONGEST_DELAY
    assert (world.slice("shop").attempts, world.slice("data").attempts) == (4, 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, "Internal"),
        (ClusterError("It answered nonsense.", Fault.INVALID), Fault.INVALID),
        (ClusterError("You may not.", Fault.FORBIDDEN), Fault.FORBIDDEN),
    ],
)
def test_who_waits_for_a_grant_is_told_why(
    world: World, error: Exception | None, reason: str
) -> None:
    grant = world.approve("bad.example.com")
    with broken("namespace:shop", error=error):
        world.converge()
        grant.refresh_from_db()
        assert (grant.status, grant.failed_reason) == ("pending", reason)
        assert grant.failed_message
        assert world.slice().problem_reason == reason
        world.make_due()
        world.converge()
        assert world.tags().count("grant:failed") == 1, "said once"
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert (grant.status, grant.failed_reason) == ("active", "")


def test_what_is_in_force_is_not_said_to_have_failed(world: World) -> None:
    grant = world.deliver("good.example.com")
    new = world.approve("bad.example.com")
    with broken("namespace:shop"):
        world.converge()
    grant.refresh_from_db()
    new.refresh_from_db()
    assert (grant.failed_reason, new.failed_reason) == ("", "Internal")


def test_a_poisoned_host_holds_up_neither_its_namespace_nor_other_hosts(gated: World) -> None:
    bad, good = gated.approve("bad.example.com"), gated.approve("good.example.com")
    with broken("host:bad.example.com"):
        gated.settle()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (good.status, bad.status) == ("active", "pending")
    assert bad.failed_reason == "Internal"
    assert gated.slice("shop").problem_reason == ""
    gated.make_host_due("bad.example.com")
    gated.settle()
    bad.refresh_from_db()
    assert (bad.status, bad.failed_reason) == ("active", "")


def test_a_revoke_beside_a_poisoned_grant_goes_through(gated: World) -> None:
    grant = gated.approve("good.example.com")
    gated.settle()
    gated.approve("bad.example.com")
    with broken("host:bad.example.com"):
        gated.converge()
        gated.revoke(grant)
        gated.settle()
        grant.refresh_from_db()
        assert grant.confirmed_at is not None


def test_attempts_begin_anew_when_what_it_is_rendered_from_changes(world: World) -> None:
    world.approve("bad.example.com")
    with broken("namespace:shop") as tried:
        for _ in range(3):
            world.make_due()
            world.converge()
        world.mark("shop", Priority.GRANT, "somebody mended it")
        assert world.slice().attempts == 0
        before = len(tried)
        world.converge()
        assert len(tried) == before + 1, "it is tried at once"
    assert world.slice().attempts == 1
