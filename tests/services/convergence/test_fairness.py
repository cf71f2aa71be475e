"""Tenants are served in turn, however much one of them has to do, and revokes before all."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone

from egress.domain.slices import host_slice
from egress.models import Namespace, Priority, Slice
from egress.services import outbox
from egress.services.convergence import turns
from egress.services.convergence.queue import claim_next
from tests import factories
from tests.services.world import TEAM, World

GREEDY, OTHER = "team-greedy", "team-other"


def due(world: World, count: int, tenant: str, **facts: Any) -> None:
    """Let so many slices of a tenant be due, for longer than any that comes later."""
    past = timezone.now() - timedelta(minutes=5)
    before = Slice.objects.count()
    values = {"wanted": 1, "due_at": past, "tenant": tenant, **facts}
    Slice.objects.bulk_create(
        Slice(cluster=world.cluster, key=f"namespace:n-{before + number}", **values)
        for number in range(count)
    )


def served(count: int) -> list[str]:
    claims = [claim_next("worker-1") for _ in range(count)]
    return [claim.row.tenant for claim in claims if claim]


def mark_host(world: World, host: str, namespace: str, priority: Priority) -> Slice:
    key = str(host_slice(host))
    with transaction.atomic():
        outbox.mark_dirty(
            cluster=world.cluster,
            keys=[key],
            priority=priority,
            cause="",
            namespaces_of_hosts={key: namespace},
        )
    return Slice.objects.get(key=key)


def test_ten_thousand_of_one_tenant_delay_another_by_one_delivery(
    world: World, django_assert_max_num_queries: Any
) -> None:
    due(world, 10_000, GREEDY)
    due(world, 1, OTHER, due_at=timezone.now())
    with django_assert_max_num_queries(10):
        assert OTHER in served(2)


def test_tenants_get_the_same_share_while_they_wait(world: World) -> None:
    due(world, 100, GREEDY)
    due(world, 5, OTHER)
    due(world, 5, "team-third")
    assert Counter(served(15)) == {GREEDY: 5, OTHER: 5, "team-third": 5}
    assert set(served(10)) == {GREEDY}


def test_a_tenant_that_had_nothing_to_do_has_saved_nothing_up(world: World) -> None:
    due(world, 100, GREEDY)
    served(30)
    due(world, 100, OTHER)
    assert Counter(served(20)) == {GREEDY: 10, OTHER: 10}


def test_a_revoke_goes_first_whoever_was_served_last(world: World) -> None:
    due(world, 1000, GREEDY)
    due(world, 1000, OTHER)
    served(3)
    due(world, 2, GREEDY, priority=Priority.REVOKE, due_at=timezone.now())
    assert served(2) == [GREEDY, GREEDY]


def test_drift_waits_for_what_people_wait_for(world: World) -> None:
    due(world, 10, GREEDY, priority=Priority.DRIFT)
    due(world, 3, OTHER)
    assert served(4) == [OTHER, OTHER, OTHER, GREEDY]


def test_what_is_put_off_or_held_is_nobodys_turn(world: World) -> None:
    due(world, 50, GREEDY, due_at=timezone.now() + timedelta(minutes=5))
    due(world, 50, OTHER, lease_until=timezone.now() + timedelta(minutes=5))
    assert turns.waiting_groups() == []
    assert claim_next("worker-1") is None


def test_the_turn_is_found_by_the_index_alone(world: World) -> None:
    due(world, 3000, GREEDY)
    due(world, 12_000, "", done=1)
    for number in range(20):
        due(world, 3, f"team-{number}")
    explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(explain + turns._query())
        steps = [str(row) for row in cursor.fetchall()]
    plan = "\n".join(steps)
    assert plan.count("due_slices_by_tenant") >= 5, plan
    assert "Seq Scan" not in plan
    assert not [one for one in steps if "SCAN egress_slice" in one and "USING INDEX" not in one]
    assert len(turns.waiting_groups()) == 21


def test_slices_belong_to_the_team_of_the_namespace_they_are_about(world: World) -> None:
    world.enforce("gateway")
    world.approve("api.example.com")
    assert set(Slice.objects.values_list("key", "tenant")) == {
        ("host:api.example.com", TEAM),
        ("namespace:shop", TEAM),
    }
    Namespace.objects.filter(name="shop").update(owner=Group.objects.create(name=OTHER))
    world.converge()
    world.approve("other.example.com")
    assert world.host_slice("other.example.com").tenant == OTHER
    assert world.slice().tenant == OTHER


def test_a_busy_tenant_does_not_take_a_shared_host_along(world: World) -> None:
    factories.namespace(world.cluster, "greedy", owner=GREEDY)
    factories.namespace(world.cluster, "other", owner=OTHER)
    due(world, 50, GREEDY)
    assert mark_host(world, "a.example.com", "other", Priority.GRANT).tenant == OTHER
    assert mark_host(world, "a.example.com", "greedy", Priority.GRANT).tenant == OTHER


def test_who_waits_for_a_shared_host_only_is_not_left_in_the_queue_of_a_busy_one(
    world: World,
) -> None:
    factories.namespace(world.cluster, "greedy", owner=GREEDY)
    factories.namespace(world.cluster, "other", owner=OTHER)
    due(world, 50, GREEDY)
    assert mark_host(world, "a.example.com", "greedy", Priority.GRANT).tenant == GREEDY
    assert mark_host(world, "a.example.com", "other", Priority.GRANT).tenant == OTHER


def test_a_mark_about_no_namespace_leaves_a_host_with_its_team(world: World) -> None:
    mark_host(world, "a.example.com", "shop", Priority.GRANT)
    world.mark_host("a.example.com")
    assert world.host_slice("a.example.com").tenant == TEAM


@pytest.mark.parametrize("order", [("greedy", "other"), ("other", "greedy")])
def test_real_deliveries_alternate_between_teams(world: World, order: tuple[str, str]) -> None:
    for name, team in (("greedy", GREEDY), ("other", OTHER)):
        labels = {"istio-injection": "enabled", "egress-portal.io/owner": team}
        for number in range(6):
            world.sandbox.namespace(f"{name}-{number}", labels)
    world.sync()
    for name in order:
        for number in range(6):
            world.approve("api.example.com", f"{name}-{number}")
    world.converge()
    done = Slice.objects.exclude(converged_at=None).order_by("converged_at")
    teams = list(done.values_list("tenant", flat=True))
    assert len(teams) == 12
    assert all(set(pair) == {GREEDY, OTHER} for pair in zip(teams[::2], teams[1::2], strict=True))


@pytest.mark.parametrize("again", [Priority.REVOKE, Priority.GRANT, Priority.DRIFT])
def test_a_slice_that_is_marked_again_and_again_keeps_its_place(
    world: World, again: Priority
) -> None:
    waiting = mark_host(world, "api.example.com", "shop", Priority.REVOKE)
    Slice.objects.update(due_at=timezone.now() - timedelta(minutes=6))
    due(world, 20, TEAM, priority=Priority.REVOKE)
    mark_host(world, "api.example.com", "shop", again)
    taken = claim_next("worker-1")
    assert taken is not None
    assert taken.row.pk == waiting.pk


def test_a_slice_that_waits_for_its_next_try_is_due_when_it_is_marked(world: World) -> None:
    mark_host(world, "api.example.com", "shop", Priority.GRANT)
    Slice.objects.update(due_at=timezone.now() + timedelta(minutes=5))
    assert claim_next("worker-1") is None
    mark_host(world, "api.example.com", "shop", Priority.GRANT)
    assert claim_next("worker-1") is not None


def test_a_slice_that_is_marked_while_it_is_delivered_goes_to_the_end(world: World) -> None:
    busy = mark_host(world, "api.example.com", "shop", Priority.GRANT)
    Slice.objects.update(due_at=timezone.now() - timedelta(minutes=6))
    due(world, 1, TEAM)
    held = claim_next("worker-1")
    assert held is not None
    assert held.row.pk == busy.pk
    mark_host(world, "api.example.com", "shop", Priority.GRANT)
    held.finish()
    second = claim_next("worker-1")
    assert second is not None
    assert second.row.pk != busy.pk
