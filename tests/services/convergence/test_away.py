"""A cluster that was away for a day comes back to what the database says by then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db.models import F
from django.utils import timezone

from egress.cluster.errors import ClusterError, Fault
from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Delivery, Grant, Priority, Slice
from egress.services import convergence
from tests.services.world import World

DAY = timedelta(days=1)
ROUNDS = 60


def no_answer(*_: Any) -> Any:
    raise ClusterError("Connection refused.", Fault.UNREACHABLE, retryable=True)


@contextmanager
def away() -> Iterator[mock.Mock]:
    """Let nobody reach the cluster."""
    with (
        mock.patch(
            "egress.services.convergence.deliver.open_gateway", side_effect=no_answer
        ) as asked,
        mock.patch("egress.services.convergence.sweep.open_gateway", side_effect=no_answer),
    ):
        yield asked


@contextmanager
def opened_in(world: World) -> Iterator[set[str]]:
    """Collect every host that is written to the cluster."""
    gateway, seen = world.sandbox.gateway, set[str]()
    create = gateway.create

    def watching(obj: Any, **options: Any) -> Any:
        seen.update(obj["spec"].get("hosts", []))
        return create(obj, **options)

    with mock.patch.object(
        type(gateway), "create", lambda _, *args, **more: watching(*args, **more)
    ):
        yield seen


def a_day_later() -> None:
    """Move all that is stored a day into the past, as time does."""
    for model, fields in (
        (Slice, ["due_at", "lease_until", "quiet_at"]),
        (Grant, ["created_at", "active_at", "expires_at"]),
        (Cluster, ["swept_at", "reached_at"]),
    ):
        model.objects.update(**{field: F(field) - DAY for field in fields})


@pytest.fixture
def served(world: World) -> World:
    """A cluster with a grant that lasts, one that is revoked meanwhile, and one that runs out."""
    world.deliver("lasting.example.com")
    world.deliver("revoked.example.com", "data")
    ending = world.deliver("ending.example.com")
    Grant.objects.filter(pk=ending.pk).update(expires_at=timezone.now() + timedelta(hours=12))
    return world


def test_it_ends_up_as_the_database_says_by_then(served: World) -> None:
    with away():
        new = served.approve("new.example.com")
        short = served.approve("short.example.com")
        served.revoke(Grant.objects.get(host="revoked.example.com"))
        for _ in range(3):
            convergence.sweep_once(worker="worker-1")
            Slice.objects.update(due_at=timezone.now())
        assert not Cluster.objects.get().reachable
        assert Slice.objects.filter(wanted__gt=F("done")).count() == 2
        served.revoke(short)
        a_day_later()
        convergence.sweep_once(worker="worker-1")
    a_day_later()
    convergence.sweep_once(worker="worker-1")
    new.refresh_from_db()
    assert Cluster.objects.get().reachable
    assert new.status == GrantStatus.ACTIVE
    assert served.hosts() == {("lasting.example.com", 443), ("new.example.com", 443)}
    assert served.hosts("data") == set()
    assert not Grant.objects.filter(ended_at__isnull=False, confirmed_at=None).exists()
    assert not Slice.objects.filter(wanted__gt=F("done")).exists()


def test_what_ran_out_meanwhile_is_never_opened(served: World) -> None:
    entry = served.entry("ending.example.com")
    assert entry is not None
    with away():
        served.sandbox.remove(entry)
        served.mark("shop")
        a_day_later()
    Slice.objects.update(due_at=timezone.now())
    with opened_in(served) as seen:
        for _ in range(3):
            convergence.sweep_once(worker="worker-1")
    assert "ending.example.com" not in seen
    ended = Grant.objects.get(host="ending.example.com")
    assert ended.status == GrantStatus.EXPIRED
    assert ended.confirmed_at is not None


def test_revokes_go_first_when_it_is_back(served: World) -> None:
    with away():
        served.approve("new.example.com")
        served.revoke(Grant.objects.get(host="revoked.example.com"))
        served.converge()
    Slice.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    before = Delivery.objects.count()
    served.converge()
    first = Delivery.objects.order_by("pk")[before]
    assert first.slice.key == "namespace:data"
    assert first.slice.priority == Priority.REVOKE


def test_retries_do_not_pile_up(served: World) -> None:
    served.approve("new.example.com")
    deliveries = Delivery.objects.count()
    with away() as asked:
        for _ in range(ROUNDS):
            Slice.objects.update(due_at=timezone.now())
            served.converge()
        assert asked.call_count == ROUNDS, "one question each round"
    row = served.slice()
    assert (row.attempts, row.problem_reason) == (0, Fault.UNREACHABLE)
    assert row.due_at < timezone.now() + timedelta(seconds=30), "it is tried as soon as it is back"
    assert Delivery.objects.count() == deliveries
    assert served.tags().count("cluster:unreachable") == 1
    Slice.objects.update(due_at=timezone.now())
    served.converge()
    assert served.tags().count("cluster:reachable") == 1


def test_what_waited_longer_than_a_grant_may_wait_is_not_opened(served: World) -> None:
    new = served.approve("new.example.com")
    with away():
        served.converge()
        for _ in range(8):
            a_day_later()
    Slice.objects.update(due_at=timezone.now())
    convergence.sweep_once(worker="worker-1")
    new.refresh_from_db()
    assert new.status == GrantStatus.LAPSED
    assert ("new.example.com", 443) not in served.hosts()


def test_hand_edits_of_the_day_are_found_when_it_is_back(served: World) -> None:
    served.deliver("steady.example.com", "data")
    entry = served.entry("steady.example.com", "data")
    assert entry is not None
    with away():
        served.sandbox.patch(entry, {"spec": {"exportTo": ["*"]}})
        a_day_later()
        convergence.sweep_once(worker="worker-1")
    a_day_later()
    convergence.sweep_once(worker="worker-1")
    healed = served.entry("steady.example.com", "data")
    assert healed is not None
    assert healed["spec"]["exportTo"] == ["."]
    assert "drift:found" in served.tags()
