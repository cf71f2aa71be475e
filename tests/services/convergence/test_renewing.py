"""A renewal decided before the end of a grant leaves no gap, whatever happens in which order."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, Verdict
from egress.models import DeliveryStep, Grant, Person, Request
from egress.services import convergence, grants, requests
from egress.services.errors import Conflict
from egress.services.requests import decisions, renewals
from egress.services.requests.sights import UNSEEN
from tests import factories
from tests.services.world import World

HOST = "api.example.com"
STEPS = ("renew", "end of its time", "expire", "deliver")
ORDERS = [
    order for order in permutations(STEPS) if order.index("renew") < order.index("end of its time")
]


@pytest.fixture
def approver(world: World, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody who decides renewals, in a cluster whose mesh is not looked at."""
    for asking in (renewals, decisions):
        monkeypatch.setattr(asking, "look", lambda *_: UNSEEN)
    return factories.approver("alice")


def ask(world: World, grant: Grant) -> Request:
    return requests.renew(
        grant=grant,
        actor=factories.actor(world.requester),
        reason="Still needed.",
        duration_days=30,
    )


def decide(request: Request, approver: Person) -> None:
    requests.decide(
        request=request,
        actor=factories.actor(approver),
        revision=request.revision,
        verdicts={0: Verdict.APPROVED},
    )


def let_time_pass(delta: timedelta = timedelta(days=90)) -> None:
    """Bring the ends of all grants closer, as time does."""
    Grant.objects.update(expires_at=F("expires_at") - delta)


def about_to_end(world: World) -> Grant:
    grant = world.deliver(HOST, duration_days=90)
    let_time_pass(timedelta(days=90) - timedelta(hours=1))
    grant.refresh_from_db()
    return grant


def look_and_deliver(world: World) -> None:
    world.search()
    world.mark("shop")
    world.converge()


def go_through(world: World, steps: Sequence[str], request: Request, approver: Person) -> None:
    deeds: dict[str, Any] = {
        "renew": lambda: decide(request, approver),
        "end of its time": lambda: let_time_pass(timedelta(hours=1, seconds=30)),
        "expire": lambda: grants.expire_due(now=timezone.now()),
        "deliver": lambda: look_and_deliver(world),
    }
    for step in steps:
        deeds[step]()
        assert world.hosts() == {(HOST, 443)}, f"gone after {step!r} in {steps}"


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_the_object_stays_in_every_order(
    world: World, approver: Person, order: tuple[str, ...]
) -> None:
    grant = about_to_end(world)
    entry = world.entry(HOST)
    go_through(world, order, ask(world, grant), approver)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    assert grant.expires_at is not None
    assert grant.expires_at > timezone.now() + timedelta(days=29)
    assert entry is not None
    assert world.entry(HOST) == entry, "not even written again"
    assert not DeliveryStep.objects.exclude(action="create").exists()


def test_a_renewal_that_is_stored_a_moment_after_the_end_leaves_no_gap(
    world: World, approver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery reads what is granted while the renewal is still being stored."""
    grant = about_to_end(world)
    request = ask(world, grant)
    let_time_pass(timedelta(hours=1, milliseconds=1))
    world.mark("shop")
    monkeypatch.setattr(grants, "expire_due", lambda now: 0)
    world.converge()
    decide(request, approver)
    world.converge()
    assert world.hosts() == {(HOST, 443)}
    assert not DeliveryStep.objects.filter(action="delete").exists()


def test_without_a_decision_it_ends_on_time_and_cannot_be_renewed_any_more(
    world: World, approver: Person
) -> None:
    grant = about_to_end(world)
    request = ask(world, grant)
    let_time_pass(timedelta(hours=1, seconds=1))
    world.converge()
    assert world.hosts() == set()
    with pytest.raises(Conflict):
        decide(request, approver)
    world.converge()
    grant.refresh_from_db()
    assert (grant.status, world.hosts()) == (GrantStatus.EXPIRED, set())
    assert grant.confirmed_at is not None


def test_a_grant_that_nobody_could_end_is_not_kept_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    about_to_end(world)
    monkeypatch.setattr(grants, "expire_due", lambda now: 0)
    let_time_pass(timedelta(hours=1, seconds=25))
    world.mark("shop")
    convergence.converge(worker="worker-1")
    assert world.hosts() == set()
