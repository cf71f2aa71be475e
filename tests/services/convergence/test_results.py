"""What came of writes is stored late, and never at the cost of whoever went on meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone
from pytest_django import Settings

from egress.cluster.errors import ClusterError, Fault
from egress.domain.naming import base, client_rule_name
from egress.models import OwnedObject, Slice
from egress.services.convergence.beside import Claims
from egress.services.convergence.preparing import prepare
from egress.services.convergence.queue import claim_next
from egress.services.convergence.record import announce, settle_records
from tests.services.convergence.crashing import watched
from tests.services.world import World

HOST = "api.example.com"


@pytest.fixture(autouse=True)
def one_by_one(settings: Settings) -> None:
    settings.REQUESTS_AT_ONCE = 1


def take_over(world: World, key: str = "namespace:shop") -> None:
    """Let another worker claim a slice, and die as soon as its writes are announced."""
    past = timezone.now() - timedelta(minutes=10)
    Slice.objects.filter(key=key).update(lease_until=past, due_at=past)
    claim = claim_next("worker-2")
    assert claim is not None
    assert claim.row.key == key
    claims = Claims(claim)
    work = prepare(claims, world.sandbox.gateway)
    settle_records(claims, work)
    assert announce(claims, work).rows


def frozen_at(world: World, name: str, answer: Callable[[Callable[[], Any]], Any]) -> None:
    """Work off what is due, but freeze in the first call `name` until another worker took over."""
    seen: list[str] = []

    def around(called: str, call: Callable[[], Any]) -> Any:
        if called != name or seen:
            return call()
        seen.append(called)
        return answer(call)

    gateway = watched(world.sandbox.gateway, around)
    with mock.patch("egress.services.convergence.deliver.open_gateway", return_value=gateway):
        world.converge()
    assert seen


def test_a_failure_that_is_noted_late_leaves_the_intent_of_the_next_worker(world: World) -> None:
    world.approve(HOST)

    def fail(_: Callable[[], Any]) -> None:
        take_over(world)
        raise ClusterError("It was refused.", Fault.INVALID)

    frozen_at(world, "create", fail)
    assert OwnedObject.objects.get(name=base(HOST)).intent_hash


def test_a_removal_that_is_noted_late_leaves_the_intent_of_the_next_worker(world: World) -> None:
    world.revoke(world.deliver(HOST))

    def delete(call: Callable[[], Any]) -> None:
        call()
        world.approve(HOST)
        take_over(world)

    frozen_at(world, "delete", delete)
    record = OwnedObject.objects.get(name=base(HOST))
    assert record.intent_hash
    assert not record.uid


def test_a_write_that_is_noted_late_leaves_the_intent_of_the_next_worker(world: World) -> None:
    world.approve(HOST)

    def create(call: Callable[[], Any]) -> Any:
        take_over(world)
        return call()

    frozen_at(world, "create", create)
    record = OwnedObject.objects.get(name=base(HOST))
    assert record.intent_hash
    assert record.uid


def test_a_namespace_that_another_worker_took_over_keeps_the_intent_of_that_worker(
    gated: World,
) -> None:
    gated.approve(HOST, "shop")
    gated.approve(HOST, "data")
    Slice.objects.filter(key__startswith="namespace").update(due_at="2100-01-01T00:00Z")

    def create(call: Callable[[], Any]) -> Any:
        take_over(gated, "namespace:data")
        return call()

    frozen_at(gated, "create", create)
    assert OwnedObject.objects.get(name=client_rule_name("shop")).uid
    assert OwnedObject.objects.get(name=client_rule_name("data")).intent_hash
