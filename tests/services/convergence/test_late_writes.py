"""A write whose answer came too late may arrive at any moment, and is known as ours then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

from django.utils import timezone

from egress.domain.naming import base
from egress.models import Delivery, OwnedObject, Slice
from tests.services.convergence.test_faults import lost, through
from tests.services.world import World

HOST = "api.example.com"
KEY = f"host:{HOST}"
CONVERGENCE = "egress.services.convergence"
READS = ("get", "list", "pages")


def late(world: World, kind: str) -> list[Callable[[], Any]]:
    """Work off what is due; creates of a kind are not answered, and returned for later."""
    sent: list[Callable[[], Any]] = []

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "create" and isinstance(call, partial) and call.args[0]["kind"] == kind:
            sent.append(call)
            raise lost()
        return call()

    with through(world, around):
        world.converge()
    return sent


def be_due(world: World, *, quiet: bool) -> None:
    """Let the time go by that slices wait for; `quiet`: that in which writes may arrive, too."""
    past = timezone.now() - timedelta(minutes=10)
    rows = Slice.objects.filter(cluster=world.cluster)
    rows.update(due_at=past, **({"quiet_at": past} if quiet else {}))


def test_what_arrives_late_is_ours_though_a_later_write_to_it_was_left_out(gated: World) -> None:
    grant = gated.approve(HOST)
    sent = late(gated, "ServiceEntry")
    delivery = Delivery.objects.get(slice__key=KEY)
    entries = [step.result for step in delivery.steps.filter(kind="ServiceEntry")]
    assert entries == ["unknown", "skipped"], "the entry is made first and widened later"
    assert sent[0]()
    be_due(gated, quiet=True)
    gated.converge()
    grant.refresh_from_db()
    assert grant.status == "active", grant.failed_message


def test_nothing_is_made_where_other_content_may_still_arrive(world: World) -> None:
    world.approve(HOST)
    sent = late(world, "ServiceEntry")
    intent = OwnedObject.objects.get(name=base(HOST)).intent_hash
    second = world.approve(HOST, port=8443)
    be_due(world, quiet=False)
    world.converge()
    second.refresh_from_db()
    assert (second.status, second.failed_reason) == ("pending", "")
    assert world.slice().problem_reason == "Settling"
    assert OwnedObject.objects.get(name=base(HOST)).intent_hash == intent
    sent[0]()
    be_due(world, quiet=False)
    world.converge()
    second.refresh_from_db()
    assert second.status == "active", "what arrived is known, so nothing more is waited for"


def test_what_never_arrived_is_made_once_nothing_can_arrive_any_more(world: World) -> None:
    world.approve(HOST)
    late(world, "ServiceEntry")
    second = world.approve(HOST, port=8443)
    world.converge()
    waiting = world.slice()
    assert waiting.quiet_at is not None
    assert waiting.due_at <= waiting.quiet_at
    be_due(world, quiet=True)
    world.converge()
    second.refresh_from_db()
    assert second.status == "active"
    assert world.hosts() == {(HOST, 443), (HOST, 8443)}


def test_what_arrives_while_the_last_moment_for_it_goes_by_is_not_taken_for_gone(
    world: World,
) -> None:
    grant = world.approve(HOST)
    sent = late(world, "ServiceEntry")
    world.revoke(grant)
    be_due(world, quiet=False)
    now = timezone.now()

    def clock() -> datetime:
        return now

    def arrive(name: str, call: Callable[[], Any]) -> Any:
        nonlocal now
        answer = call()
        if name in READS and sent:
            sent.pop()()
            now += timedelta(minutes=5)
        return answer

    with mock.patch(f"{CONVERGENCE}.claim.database_now", clock), through(world, arrive):
        world.converge()
    grant.refresh_from_db()
    assert not sent
    assert grant.confirmed_at is None
    be_due(world, quiet=True)
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert world.hosts() == set()
    assert not OwnedObject.objects.exists()
