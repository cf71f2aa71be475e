"""Many workers at once do every piece of work once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from egress.models import Delivery, Grant, Namespace, Slice
from egress.services import convergence, hardening
from egress.services.actor import Actor
from egress.services.convergence import closing as closing_module
from egress.services.convergence.claim import Claim
from tests.services.live_mesh import answer
from tests.services.world import World, assert_chain_is_valid

WORKERS, GRANTS = 6, 12


def at_once(jobs: list[Callable[[], object]]) -> list[BaseException]:
    """Run all jobs in threads that start together, and return what they raised."""
    start, raised = threading.Barrier(len(jobs)), list[BaseException]()

    def run(job: Callable[[], object]) -> None:
        start.wait(10)
        try:
            job()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


@pytest.mark.django_db(transaction=True)
def test_every_slice_is_delivered_by_one_of_many_workers(
    transactional_db: None, world: World
) -> None:
    for number in range(GRANTS):
        world.approve(f"api-{number}.example.com", ("shop", "data")[number % 2])

    def worker(number: int) -> Callable[[], object]:
        return lambda: convergence.converge(worker=f"worker-{number}")

    assert at_once([worker(number) for number in range(WORKERS)]) == []
    assert Delivery.objects.count() == 2
    assert Grant.objects.filter(status="active").count() == GRANTS
    assert world.tags().count("grant:activated") == GRANTS
    assert len(world.hosts("shop")) + len(world.hosts("data")) == GRANTS
    assert_chain_is_valid()


@pytest.mark.django_db(transaction=True)
def test_many_workers_on_hosts_of_the_same_namespaces_finish_all_of_them(
    transactional_db: None, world: World
) -> None:
    world.enforce("gateway")
    for name in ("shop", "data"):
        world.deny_by_default(name)
    grants = [
        world.approve(f"api-{number}.example.com", name)
        for number in range(4)
        for name in ("shop", "data")
    ]

    def worker(number: int) -> Callable[[], object]:
        return lambda: convergence.converge(worker=f"worker-{number}")

    for _ in range(6):
        assert at_once([worker(number) for number in range(4)]) == []
        Slice.objects.update(due_at="2020-01-01T00:00Z")
    assert Grant.objects.filter(status="active").count() == len(grants)
    assert not Slice.objects.exclude(problem_reason="").exists()
    assert not Slice.objects.filter(lease_until__isnull=False).exists()
    for grant in grants:
        assert answer(world, grant.namespace, "web", grant.host, 443, "TLS"), grant
    assert world.tags().count("grant:activated") == len(grants)
    assert "grant:failed" not in world.tags()
    assert_chain_is_valid()


@pytest.mark.django_db(transaction=True)
def test_a_revoke_during_a_delivery_wins(transactional_db: None, world: World) -> None:
    grants = [world.approve(f"api-{number}.example.com") for number in range(GRANTS)]

    def revoke() -> None:
        for grant in grants[:6]:
            world.revoke(grant)

    jobs: list[Callable[[], object]] = [
        lambda: convergence.converge(worker="worker-1"),
        revoke,
        lambda: convergence.converge(worker="worker-2"),
    ]
    assert at_once(jobs) == []
    world.converge()
    world.make_due()
    world.converge()
    assert Grant.objects.filter(status="revoked", confirmed_at__isnull=False).count() == 6
    assert world.hosts() == {(grant.host, grant.port) for grant in grants[6:]}
    assert_chain_is_valid()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["revoke", "default deny"])
def test_a_decision_and_the_end_of_a_delivery_do_not_wait_for_each_other(
    transactional_db: None, world: World, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    grant = world.approve("api.example.com")
    Namespace.objects.filter(name="shop").update(default_deny_enforced=True)
    honest, closing = closing_module.close, threading.Event()
    locked = Claim.lock

    def lock(claim: Claim) -> None:
        locked(claim)
        closing.set()
        # Long enough for the other side to take its own locks and to wait for ours.
        threading.Event().wait(0.5)

    def close(*arguments: Any) -> None:
        monkeypatch.setattr(Claim, "lock", lock)
        honest(*arguments)

    def decide() -> None:
        closing.wait(10)
        if deed == "revoke":
            world.revoke(grant)
            return
        shown = hardening.preview_default_deny(namespace=world.namespace("shop"), on=True)
        hardening.set_default_deny(
            namespace=world.namespace("shop"),
            on=True,
            actor=Actor.of(world.admin, "web"),
            reason="",
            digest=shown.digest,
        )

    monkeypatch.setattr("egress.services.convergence.deliver.close", close)
    assert at_once([lambda: convergence.converge(worker="worker-1"), decide]) == []
    assert closing.is_set()
    assert world.slice().wanted > 1
    assert_chain_is_valid()
