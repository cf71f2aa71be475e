"""The loops of a worker need the database only, and survive what happens to it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from egress.cluster.gateway import ClusterGateway
from egress.models import (
    AuditHead,
    Cluster,
    Grant,
    Lease,
    Notification,
    NotificationCursor,
)
from egress.services import convergence, gateways
from egress.services.convergence import stopping
from egress.worker import Loops, run_round
from tests.services.conftest import sandbox, world  # noqa: F401 (fixtures)
from tests.services.world import World

SECONDS = 20.0


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Look every 50 ms until it is so."""
    until, pause = time.monotonic() + SECONDS, threading.Event()
    while not is_so():
        assert time.monotonic() < until, f"not within {SECONDS:.0f} s: {what}"
        pause.wait(0.05)


@pytest.fixture
def loops(
    transactional_db: None,
    world: World,  # noqa: F811
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Loops]:
    """The loops of a worker, on a sandbox without sockets and in a hurry."""
    settings.SWEEP_SECONDS = 0.2
    settings.CONVERGE_THREADS = 2

    def own(_: Cluster) -> ClusterGateway:
        return world.sandbox.gateway

    monkeypatch.setattr("egress.followers.open_own_gateway", own)
    # There is no istiod in this cluster, and a mesh that nobody knows gets no grant.
    monkeypatch.setattr("egress.worker.posture.look_where_due", lambda now: 0)
    made = Loops()
    yield made
    made.stop()
    stopping.forget()
    gateways.forget_gateways()
    connection.close()


def is_active(grant: Grant) -> bool:
    grant.refresh_from_db()
    return grant.status == "active"


def test_a_grant_is_applied_without_any_message(loops: Loops, world: World) -> None:  # noqa: F811
    loops.start()
    grant = world.approve("api.example.com")
    wait_until("the grant is active", lambda: is_active(grant))
    assert world.hosts() == {("api.example.com", 443)}


def test_people_are_told_without_any_message(loops: Loops, world: World) -> None:  # noqa: F811
    head = AuditHead.objects.values_list("sequence", flat=True).get()
    NotificationCursor.objects.update_or_create(pk=1, defaults={"sequence": head})
    grant = world.approve("api.example.com")
    loops.start()
    told = Notification.objects.filter(person=grant.request.requester, kind="applied")
    wait_until("the requester is told that it is in force", told.exists)


def test_the_inventory_is_followed_by_one_process(loops: Loops, world: World) -> None:  # noqa: F811
    loops.start()
    wait_until("somebody follows", Lease.objects.filter(name__startswith="inventory:").exists)
    world.sandbox.namespace("fresh", {"istio-injection": "enabled"})
    wait_until("the new namespace is known", world.cluster.namespaces.filter(name="fresh").exists)
    loops.stop()
    assert Lease.objects.get(name=f"inventory:{world.cluster.pk}").holder == ""


def test_a_database_that_goes_away_for_a_while_stops_nothing(
    loops: Loops,
    world: World,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest, failures = convergence.tend, iter(range(3))

    def tend(now: object) -> None:
        if next(failures, None) is not None:
            raise OperationalError("server closed the connection unexpectedly")
        honest(now)  # type: ignore[arg-type]

    monkeypatch.setattr(convergence, "tend", tend)
    loops.start()
    grant = world.approve("api.example.com")
    wait_until("the grant is active", lambda: is_active(grant))


def test_loops_end_when_they_are_told_to(loops: Loops) -> None:
    loops.start()
    started = time.monotonic()
    loops.stop()
    assert time.monotonic() - started < 10
    names = {thread.name for thread in threading.enumerate()}
    assert not {"egress-sweep", "egress-drift", "egress-follow"} & names


def test_a_round_that_fails_is_told_of_and_does_not_raise(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("nobody expected this")

    run_round("sweep", broken)
    assert "round_failed" in caplog.text
    assert "nobody expected this" in caplog.text
