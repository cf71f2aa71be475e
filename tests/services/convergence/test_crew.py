"""Deliveries side by side: nothing is done twice, and nobody waits for a cluster that hangs."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from egress.models import Cluster, Delivery, Grant, Slice
from egress.services import convergence
from egress.services.convergence import crew
from egress.services.convergence.claim import Claim
from egress.services.convergence.deliver import deliver as deliver_honestly
from tests import factories
from tests.services.conftest import sandbox, world  # noqa: F401 (fixtures)
from tests.services.convergence.crashing import watched
from tests.services.world import World, assert_chain_is_valid

DEADLINE = 20.0


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Look every 20 ms until it is so."""
    until, pause = time.monotonic() + DEADLINE, threading.Event()
    while not is_so():
        assert time.monotonic() < until, what
        pause.wait(0.02)


@pytest.fixture
def many(transactional_db: None, world: World, settings: Settings) -> World:  # noqa: F811
    """A world with six namespaces that have something due, committed."""
    settings.CONVERGE_THREADS = 4
    names = [f"team-{number}" for number in range(6)]
    for name in names:
        world.sandbox.namespace(name, {"istio-injection": "enabled"})
    world.sync()
    for name in names:
        world.approve("api.example.com", name)
        world.approve("www.example.com", name)
    return world


def test_all_that_is_due_is_delivered_once(many: World) -> None:
    assert many.converge() == 6
    assert set(Grant.objects.values_list("status", flat=True)) == {"active"}
    assert Delivery.objects.filter(outcome="done").count() == 6
    assert many.converge() == 0
    assert_chain_is_valid()


def test_several_deliveries_are_under_way_at_once(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(3, timeout=DEADLINE)

    def deliver(claim: Claim) -> bool:
        meeting.wait()
        Slice.objects.filter(pk=claim.row.pk).update(done=claim.generation, lease_until=None)
        return True

    monkeypatch.setattr(crew, "deliver", deliver)
    assert many.converge() == 6


def test_within_a_transaction_one_delivery_comes_after_the_other(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()

    def deliver(claim: Claim) -> bool:
        seen.add(threading.get_ident())
        Slice.objects.filter(pk=claim.row.pk).update(done=claim.generation, lease_until=None)
        return True

    monkeypatch.setattr(crew, "deliver", deliver)
    with transaction.atomic():
        many.converge()
    assert seen == {threading.get_ident()}


def test_what_one_delivery_raises_is_raised_after_the_others_are_over(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, broken = deliver_honestly, iter([ZeroDivisionError("nobody expected this")])

    def deliver(claim: Claim) -> bool:
        for error in broken:
            raise error
        return honest(claim)

    monkeypatch.setattr(crew, "deliver", deliver)
    with pytest.raises(ZeroDivisionError):
        many.converge()
    assert not [t for t in threading.enumerate() if t.name.startswith("egress-deliver")]
    assert Delivery.objects.filter(outcome="running").count() == 0


def test_a_cluster_that_hangs_takes_not_all_threads_from_others(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = factories.cluster("hangs", credentials=many.cluster.credentials, uid="other")
    for number in range(8):
        row = Slice.objects.create(
            cluster=hanging,
            key=f"namespace:n{number}",
            wanted=1,
            due_at=many.slice("team-0").due_at,
        )
        assert row.pk
    wake = threading.Event()

    def hang(name: str, call: Callable[[], object]) -> object:
        wake.wait(DEADLINE)
        raise RuntimeError("woken up")

    stuck = watched(many.sandbox.gateway, hang)

    def open_gateway(cluster: Cluster) -> object:
        return stuck if cluster.pk == hanging.pk else many.sandbox.gateway

    monkeypatch.setattr("egress.services.convergence.deliver.open_gateway", open_gateway)

    def work() -> None:
        try:
            convergence.converge(worker="worker-1")
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_until(
            "everything of the other cluster is applied",
            lambda: not Grant.objects.exclude(status="active").exists(),
        )
    finally:
        wake.set()
        worker.join(DEADLINE)
    assert not worker.is_alive()
