"""Many workers at once do every piece of work once."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from egress.models import Delivery, Grant
from egress.services import convergence
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
