"""The sweep needs no message: it ends, delivers and searches by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone
from pytest_django import Settings

from egress.cluster.gateway import ObjectList
from egress.models import Cluster, Grant, Lease
from egress.services import convergence
from egress.services.convergence import clock
from egress.services.convergence.clock import ClockWatch
from tests.services.convergence.crashing import watched
from tests.services.world import World


def test_a_grant_whose_bell_was_never_heard_is_picked_up(world: World) -> None:
    grant = world.approve("api.example.com")
    assert world.rung == []
    assert convergence.sweep_once(worker="sweeper") == 1
    grant.refresh_from_db()
    assert grant.status == "active"


def test_access_ends_on_time(world: World) -> None:
    grant = world.deliver("api.example.com")
    now = timezone.now()
    Grant.objects.update(expires_at=now + timedelta(seconds=10))
    convergence.sweep_once(worker="sweeper", now=now + timedelta(seconds=9))
    assert world.hosts() == {("api.example.com", 443)}
    convergence.sweep_once(worker="sweeper", now=now + timedelta(seconds=10))
    grant.refresh_from_db()
    assert grant.status == "expired"
    assert grant.confirmed_at is not None
    assert world.hosts() == set()


def test_a_grant_that_could_not_be_applied_for_a_week_opens_nothing_later(world: World) -> None:
    grant = world.approve("api.example.com")
    Grant.objects.update(created_at=timezone.now() - timedelta(days=8))
    convergence.sweep_once(worker="sweeper")
    grant.refresh_from_db()
    assert grant.status == "lapsed"
    assert grant.confirmed_at is not None
    assert world.hosts() == set()


def test_each_cluster_is_searched_by_one_process_when_its_time_has_come(
    world: World, settings: Settings
) -> None:
    settings.FULL_SWEEP_SECONDS = 60
    world.deliver("api.example.com")
    Cluster.objects.update(swept_at=timezone.now() - timedelta(seconds=61))
    Lease.objects.create(
        name=f"sweep:{world.cluster.pk}",
        holder="another",
        until=timezone.now() + timedelta(seconds=60),
    )
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    convergence.sweep_once(worker="sweeper")
    assert world.hosts() == set()
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    convergence.sweep_once(worker="sweeper")
    assert world.hosts() == {("api.example.com", 443)}
    swept_at = Cluster.objects.get().swept_at
    assert swept_at is not None
    convergence.sweep_once(worker="sweeper")
    assert Cluster.objects.get().swept_at == swept_at


def test_a_clock_that_jumps_a_year_does_not_end_many_grants(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_watch", ClockWatch())
    for number in range(12):
        world.approve(f"api-{number}.example.com")
    convergence.sweep_once(worker="sweeper")
    wrong = timezone.now() + timedelta(days=365)
    convergence.sweep_once(worker="sweeper", now=wrong)
    assert Grant.objects.filter(status="expired").count() == 0
    assert len(world.hosts()) == 12


@pytest.mark.parametrize("days", [365, -365])
def test_a_clock_that_jumps_a_year_ends_a_single_grant_neither_early_nor_late(
    world: World, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(clock, "_watch", ClockWatch())
    soon, later = world.deliver("soon.example.com"), world.deliver("later.example.com")
    convergence.sweep_once(worker="sweeper")
    Grant.objects.filter(pk=soon.pk).update(expires_at=timezone.now())
    convergence.sweep_once(worker="sweeper", now=timezone.now() + timedelta(days=days))
    later.refresh_from_db()
    assert later.status == "active"
    assert world.hosts() == {("later.example.com", 443)}


def test_many_grants_that_end_on_one_day_all_end_when_clocks_agree(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_watch", ClockWatch())
    for number in range(12):
        world.approve(f"api-{number}.example.com")
    convergence.sweep_once(worker="sweeper")
    Grant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    convergence.sweep_once(worker="sweeper")
    assert Grant.objects.filter(status="expired", confirmed_at__isnull=False).count() == 12
    assert world.hosts() == set()


def test_a_clock_watch_goes_on_from_the_last_time_it_agreed() -> None:
    watch, start = ClockWatch(), timezone.now()
    assert watch.trusted(start, 100.0) == start
    later = start + timedelta(seconds=10)
    assert watch.trusted(later, 110.0) == later
    jumped = start + timedelta(days=365)
    assert watch.trusted(jumped, 120.0) == later + timedelta(seconds=10)
    assert watch.trusted(jumped, 130.0) == later + timedelta(seconds=20)
    back = start + timedelta(seconds=41)
    assert watch.trusted(back, 140.0) == back


def test_another_cluster_at_the_same_address_is_not_searched_for_drift(world: World) -> None:
    world.deliver("api.example.com")
    assert convergence.full_sweep(world.cluster) == 0
    honest = world.sandbox.gateway

    def elsewhere(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "get" and answer and answer["metadata"]["name"] == "kube-system":
            return {**answer, "metadata": {**answer["metadata"], "uid": "another-cluster"}}
        return ObjectList([], "1") if name == "list" else answer

    gateway = watched(honest, elsewhere)
    with mock.patch("egress.services.convergence.sweep.open_gateway", return_value=gateway):
        assert convergence.full_sweep(world.cluster) == 0
    assert "drift:found" not in world.tags()
    world.cluster.refresh_from_db()
    assert "Another cluster" in world.cluster.problem
