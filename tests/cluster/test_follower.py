"""Changes of a cluster arrive in time, and nothing is taken away on one list's word."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.follower import InventoryFollower, Pace
from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import InventorySnapshot
from tests.cluster.sandboxes import Cluster, sandbox_in_process, sandbox_over_http
from tests.cluster.tampered import Tampered

FAST = Pace(batch=0.2, watch=1.0, relist=600, backoff=0.05, max_backoff=0.2, confirm=0.05)


class Follow:
    """A follower in a thread, and what it has told so far."""

    def __init__(self, gateway: ClusterGateway, pace: Pace = FAST) -> None:
        self.told: list[tuple[float, InventorySnapshot]] = []
        self.troubles: list[ClusterError] = []
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._follower = InventoryFollower(gateway, pace=pace, on_trouble=self.troubles.append)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        for snapshot in self._follower.follow(self._stop):
            with self._news:
                self.told.append((time.monotonic(), snapshot))
                self._news.notify_all()

    def __enter__(self) -> "Follow":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        started = time.monotonic()
        self._stop.set()
        self._thread.join(5)
        assert time.monotonic() - started < 2

    def wait_until(self, fits: Any, seconds: float = 10) -> InventorySnapshot:
        """Return the newest snapshot as soon as it fits."""
        with self._news:
            assert self._news.wait_for(lambda: self.told and fits(self.told[-1][1]), seconds)
            return self.told[-1][1]


def accounts(snapshot: InventorySnapshot, namespace: str = "shop") -> set[str]:
    found = snapshot.namespaces.get(namespace)
    return set(found.service_accounts) if found else set()


@pytest.fixture(params=[sandbox_in_process, sandbox_over_http], ids=["in process", "over HTTP"])
def followed(request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, Follow]]:
    with request.param() as running:
        running.namespace("shop")
        with Follow(running.gateway) as following:
            following.wait_until(lambda snapshot: "default" in accounts(snapshot))
            yield running, following


def test_a_new_service_account_arrives_within_a_second(followed: tuple[Cluster, Follow]) -> None:
    cluster, following = followed
    started = time.monotonic()
    cluster.account("shop", "web")
    snapshot = following.wait_until(lambda snapshot: "web" in accounts(snapshot))
    assert time.monotonic() - started < 1.0
    assert snapshot.confirmed


def test_additions_are_gathered_and_a_deletion_is_told_at_once() -> None:
    pace = replace(FAST, batch=1.0)
    with sandbox_in_process() as cluster:
        cluster.namespace("shop")
        gone = cluster.account("shop", "gone")
        with Follow(cluster.gateway, pace) as following:
            following.wait_until(lambda snapshot: "gone" in accounts(snapshot))
            before = len(following.told)
            for number in range(20):
                cluster.account("shop", f"a-{number}")
            following.wait_until(lambda snapshot: "a-19" in accounts(snapshot))
            assert len(following.told) - before <= 2
            started = time.monotonic()
            cluster.remove(gone)
            following.wait_until(lambda snapshot: "gone" not in accounts(snapshot))
            assert time.monotonic() - started < 0.5


def test_an_account_made_again_shows_its_new_uid(followed: tuple[Cluster, Follow]) -> None:
    cluster, following = followed
    old = cluster.account("shop", "web")
    following.wait_until(lambda snapshot: "web" in accounts(snapshot))
    cluster.remove(old)
    uid = cluster.account("shop", "web")["metadata"]["uid"]
    assert uid != old["metadata"]["uid"]

    def is_new(snapshot: InventorySnapshot) -> bool:
        return bool(snapshot.namespaces["shop"].service_accounts.get("web") == uid)

    following.wait_until(is_new)


def test_a_deleted_namespace_disappears(followed: tuple[Cluster, Follow]) -> None:
    cluster, following = followed
    made = cluster.namespace("short")
    following.wait_until(lambda snapshot: "short" in snapshot.namespaces)
    cluster.remove(made)
    following.wait_until(lambda snapshot: "short" not in snapshot.namespaces)


@contextmanager
def tampered(plural: str) -> Iterator[tuple[Cluster, Any]]:
    with sandbox_in_process() as cluster:
        cluster.namespace("shop")
        cluster.account("shop", "web")
        yield cluster, Tampered(cluster.gateway, plural)


def test_nothing_is_told_before_everything_is_known() -> None:
    with tampered("pods") as (_, gateway), Follow(gateway) as following:
        deadline = time.monotonic() + 5
        while len(following.troubles) < 3 and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert len(following.troubles) >= 3
        assert following.told == []
        gateway.fault = None
        following.wait_until(lambda snapshot: "web" in accounts(snapshot))


def test_a_list_that_forgets_an_account_once_takes_nothing_away() -> None:
    with tampered("serviceaccounts") as (_, gateway):
        gateway.fault = None
        with Follow(gateway) as following:
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            gateway.hidden, gateway.hide_times = "web", 1
            lists = gateway.lists
            gateway.watch_fault = Fault.EXPIRED
            deadline = time.monotonic() + 8
            while gateway.lists < lists + 2 and time.monotonic() < deadline:
                threading.Event().wait(0.02)
            assert gateway.lists >= lists + 2
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            assert all("web" in accounts(snapshot) for _, snapshot in following.told)


def test_an_account_that_two_lists_miss_is_gone() -> None:
    with tampered("serviceaccounts") as (_, gateway):
        gateway.fault = None
        with Follow(gateway) as following:
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            gateway.hidden, gateway.hide_times = "web", 10_000
            gateway.watch_fault = Fault.EXPIRED
            following.wait_until(lambda snapshot: "web" not in accounts(snapshot))


@pytest.mark.parametrize("fault", [Fault.EXPIRED, Fault.UNREACHABLE, Fault.MALFORMED])
def test_a_change_during_trouble_is_not_lost(fault: Fault) -> None:
    with tampered("serviceaccounts") as (cluster, gateway):
        gateway.fault = None
        with Follow(gateway) as following:
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            gateway.watch_fault = fault
            cluster.account("shop", "late")
            following.wait_until(lambda snapshot: "late" in accounts(snapshot), 5)


def test_a_snapshot_is_as_old_as_its_oldest_part() -> None:
    with tampered("pods") as (cluster, gateway):
        gateway.fault = None
        with Follow(gateway) as following:
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            broken_after = datetime.now(UTC)
            gateway.fault = Fault.SERVER
            gateway.watch_fault = Fault.EXPIRED
            deadline = time.monotonic() + 8
            while not following.troubles and time.monotonic() < deadline:
                threading.Event().wait(0.02)
            threading.Event().wait(0.3)
            cluster.account("shop", "late")
            snapshot = following.wait_until(lambda snapshot: "late" in accounts(snapshot))
            assert snapshot.taken_at >= broken_after
            assert (datetime.now(UTC) - snapshot.taken_at).total_seconds() > 0.3


def test_everything_is_listed_again_from_time_to_time() -> None:
    with tampered("serviceaccounts") as (_, gateway):
        gateway.fault = None
        with Follow(gateway, replace(FAST, relist=0.5)) as following:
            following.wait_until(lambda snapshot: "web" in accounts(snapshot))
            deadline = time.monotonic() + 8
            while gateway.lists < 3 and time.monotonic() < deadline:
                threading.Event().wait(0.02)
            assert gateway.lists >= 3
            assert following.troubles == []
