"""A search of many objects: nothing is said while nothing changes, and nothing held in memory."""

import random
from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.models import AuditEvent, Cluster, Delivery, Grant, Slice
from egress.services.convergence import drift, expected
from tests.services.convergence.filled import delivered, granted
from tests.services.world import World
from tests.tries import tries

IDLE = tries(40, of=200)
OBJECTS = 60


@pytest.fixture
def filled(world: World) -> World:
    """A cluster that carries many grants of two namespaces."""

    def put(objects: list[KubeObject]) -> Sequence[str]:
        return [world.sandbox.gateway.create(obj)["metadata"]["uid"] for obj in objects]

    grants: list[Grant] = []
    for name in ("shop", "data"):
        hosts = [f"api-{number}.{name}.example.com" for number in range(OBJECTS // 2)]
        grants += granted(world.namespace(name), world.requester, hosts)
    assert delivered(world.cluster, grants, put) == OBJECTS
    return world


def search(world: World) -> int:
    return drift.search(Cluster.objects.get(pk=world.cluster.pk), world.sandbox.gateway)


def versions(world: World) -> list[str]:
    entries = world.sandbox.gateway.list(kinds.SERVICE_ENTRY).items
    return [entry["metadata"]["resourceVersion"] for entry in entries]


def test_idle_searches_raise_nothing_and_write_nothing(filled: World) -> None:
    before = versions(filled)
    assert len(before) == OBJECTS
    search(filled)
    with CaptureQueriesContext(connection) as captured:
        for _ in range(IDLE):
            assert search(filled) == 0
    assert not [q["sql"] for q in captured if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert versions(filled) == before
    assert not AuditEvent.objects.filter(tag__startswith="drift").exists()
    assert not Delivery.objects.exists()


def test_as_many_questions_are_asked_for_many_objects_as_for_few(filled: World) -> None:
    search(filled)
    with CaptureQueriesContext(connection) as captured:
        search(filled)
    assert len(captured) <= 30


def test_random_edits_are_all_found_and_nothing_else(filled: World) -> None:
    draw = random.Random(5)
    for _ in range(10):
        edited = set()
        for name in ("shop", "data"):
            host = f"api-{draw.randrange(OBJECTS // 2)}.{name}.example.com"
            entry = filled.entry(host, name)
            assert entry is not None
            filled.sandbox.patch(entry, {"spec": {"exportTo": ["*"]}}, manager="kubectl-edit")
            edited.add(f"ServiceEntry {name}/{entry['metadata']['name']}")
        assert search(filled) == 2
        causes = " ".join(Slice.objects.values_list("cause", flat=True))
        assert all(one in causes for one in edited)
        filled.converge()
        assert search(filled) == 0


def test_objects_are_held_a_few_at_a_time_however_many_drifted(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress.services.convergence.examining.OBJECTS", 10)
    for name in ("shop", "data"):
        for host in range(OBJECTS // 2):
            entry = filled.entry(f"api-{host}.{name}.example.com", name)
            assert entry is not None
            filled.sandbox.patch(entry, {"spec": {"exportTo": ["*"]}}, manager="kubectl-edit")
    assert search(filled) == 2
    filled.converge()
    assert search(filled) == 0


def test_a_restart_forgets_what_was_expected_and_finds_the_same(filled: World) -> None:
    assert search(filled) == 0
    expected.forget()
    assert search(filled) == 0
