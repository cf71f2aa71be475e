"""An inventory is followed by whoever holds its lease, and nobody believes an old picture."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import InventorySnapshot, read_inventory
from egress.followers import Follower, LeaseLostError
from egress.models import Cluster, Grant, Lease
from egress.services.convergence import lease
from tests.servers import wait_until
from tests.services.conftest import sandbox, world  # noqa: F401 (fixtures)
from tests.services.world import World

HOLDER = "worker-1"


def take(world: World, holder: str = HOLDER, seconds: float = 60) -> None:  # noqa: F811
    assert lease.take(f"inventory:{world.cluster.pk}", holder, seconds=seconds)


def test_a_follower_that_was_frozen_does_not_undo_what_another_saw(
    world: World,  # noqa: F811
) -> None:
    frozen = Follower(world.cluster, HOLDER)
    take(world)
    old = read_inventory(world.sandbox.gateway)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    take(world, "worker-2")
    world.sandbox.namespace("fresh", {"istio-injection": "enabled"})
    world.sync()
    grant = world.deliver("api.example.com", "fresh")
    with pytest.raises(LeaseLostError):
        frozen._take(replace(old, taken_at=timezone.now()))
    grant.refresh_from_db()
    assert grant.status == "active"
    assert world.namespace("fresh").gone_at is None


@pytest.fixture
def follow(
    transactional_db: None,
    world: World,  # noqa: F811
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Iterator[InventorySnapshot]], threading.Thread]]:
    """Start a follower that is told of these snapshots."""
    started: list[Follower] = []

    def own(_: Cluster) -> ClusterGateway:
        return world.sandbox.gateway

    def start(snapshots: Iterator[InventorySnapshot]) -> threading.Thread:
        monkeypatch.setattr("egress.followers.open_own_gateway", own)
        monkeypatch.setattr("egress.followers.InventoryFollower.follow", lambda *_: snapshots)
        follower = Follower(world.cluster, HOLDER)
        started.append(follower)
        follower.start()
        return follower._thread

    yield start
    for follower in started:
        follower.stop()
        follower._thread.join(10)
    connection.close()


def test_a_picture_of_another_cluster_ends_the_follower_and_changes_nothing(
    world: World,  # noqa: F811
    follow: Callable[[Iterator[InventorySnapshot]], threading.Thread],
) -> None:
    grant = world.deliver("api.example.com")
    take(world)
    seen = read_inventory(world.sandbox.gateway)
    system = replace(seen.namespaces["kube-system"], uid="another-cluster")
    elsewhere = replace(seen, namespaces={"kube-system": system}, confirmed=True)
    thread = follow(iter([elsewhere]))
    wait_until("the follower ends", lambda: not thread.is_alive(), 10)
    world.cluster.refresh_from_db()
    assert "another cluster" in world.cluster.problem
    assert Grant.objects.get(pk=grant.pk).status == "active"
