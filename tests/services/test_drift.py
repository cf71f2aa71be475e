"""Drift of one grant: shown against the live cluster, and applied again by a press."""

from typing import Any

import pytest
from django.utils import timezone

from egress.domain.plan import Action
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person
from egress.services import drift
from egress.services.convergence import brake
from egress.services.errors import Conflict, Missing, NotAllowed
from tests import factories
from tests.services.world import World, foreign_entry

FIRST, SECOND = "api.example.com", "b.example.com"


def add_a_port(world: World, host: str = FIRST, namespace: str = "shop") -> None:
    entry = world.entry(host, namespace)
    assert entry is not None
    port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    ports = [*entry["spec"]["ports"], port]
    world.sandbox.patch(entry, {"spec": {"ports": ports}}, manager="kubectl-edit")


def drifted(world: World, host: str = FIRST, namespace: str = "shop") -> Grant:
    """Return a grant whose drift was found in a cluster that only shows it."""
    Cluster.objects.update(drift_policy=Cluster.DriftPolicy.FLAG)
    grant = world.deliver(host, namespace)
    add_a_port(world, host, namespace)
    world.search()
    grant.refresh_from_db()
    assert grant.drifted_at is not None
    return grant


def look(world: World, grant: Grant) -> drift.Difference:
    return drift.differences(grant=grant, actor=factories.actor(world.requester))


def press(world: World, grant: Grant) -> None:
    drift.apply_again(grant=grant, actor=factories.actor(world.admin))


# --- looking ----------------------------------------------------------------------------------


def test_the_difference_says_who_changed_what_and_shows_it(world: World) -> None:
    grant = drifted(world)
    (one,) = look(world, grant).objects
    assert (one.key.kind, one.action) == ("ServiceEntry", Action.UPDATE)
    assert "kubectl-edit" in one.sentence
    removed = [line for line in one.diff.splitlines() if line.startswith("-")]
    assert any("9443" in line for line in removed)


def test_a_deleted_object_is_shown_as_one_to_create(world: World) -> None:
    grant = drifted(world)
    entry = world.entry(FIRST)
    assert entry is not None
    world.sandbox.remove(entry)
    (one,) = look(world, grant).objects
    assert (one.action, "was deleted" in one.sentence) == (Action.CREATE, True)


def test_an_object_of_somebody_else_in_its_place_is_named_as_such(world: World) -> None:
    grant = drifted(world)
    entry = world.entry(FIRST)
    assert entry is not None
    world.sandbox.remove(entry)
    world.sandbox.put(foreign_entry(entry["metadata"]["name"], FIRST))
    (one,) = look(world, grant).objects
    assert (one.action, one.diff) == (Action.FOREIGN, "")


def test_only_the_objects_of_the_grant_are_compared(world: World) -> None:
    other = world.deliver(SECOND)
    drifted(world)
    assert look(world, other) == drift.Difference()


def test_the_objects_behind_a_gateway_are_compared_as_well(world: World) -> None:
    world.enforce("gateway")
    world.know_dns_capture()
    world.deny_by_default()
    grant = world.deliver(FIRST)
    assert look(world, grant) == drift.Difference()
    add_a_port(world, FIRST, "istio-egress")
    (one,) = look(world, grant).objects
    assert (one.key.namespace, one.action) == ("istio-egress", Action.UPDATE)


def test_a_cluster_that_cannot_be_read_is_a_sentence(shop: Namespace, owner: Person) -> None:
    grant = factories.grant(shop, owner, drifted_at=timezone.now())
    found = drift.differences(grant=grant, actor=factories.actor(owner))
    assert "could not be read" in found.problem


def test_nobody_compares_what_they_may_not_see(shop: Namespace, stranger: Person) -> None:
    grant = factories.grant(shop, drifted_at=timezone.now())
    with pytest.raises(Missing):
        drift.differences(grant=grant, actor=factories.actor(stranger))


# --- applying again ---------------------------------------------------------------------------


def test_applying_again_heals_although_the_cluster_only_flags(world: World) -> None:
    grant = drifted(world)
    assert world.converge() == 0
    press(world, grant)
    asked = AuditEvent.objects.get(tag="drift:heal-asked")
    assert (asked.actor, asked.target, asked.target_id) == ("adam", "grant", str(grant.pk))
    world.converge()
    grant.refresh_from_db()
    assert grant.drifted_at is None
    assert world.hosts() == {(FIRST, 443)}
    assert world.slice().problem_reason == ""
    assert "drift:healed" in world.tags()
    assert world.search() == 0


def test_other_drift_stays_as_it_is(world: World) -> None:
    other = drifted(world, SECOND, "data")
    left = world.entry(SECOND, "data")
    press(world, drifted(world))
    world.converge()
    other.refresh_from_db()
    assert other.drifted_at is not None
    assert world.entry(SECOND, "data") == left


def test_the_brake_stays_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = world.deliver(SECOND)
    grant = drifted(world)
    Grant.objects.filter(pk=lost.pk).delete()
    monkeypatch.setattr(brake, "room", lambda cluster: 0)
    press(world, grant)
    world.converge()
    grant.refresh_from_db()
    assert grant.drifted_at is None
    assert world.hosts() == {(FIRST, 443), (SECOND, 443)}
    assert world.slice().problem_reason == "Brake"


@pytest.mark.parametrize("who", ["owner", "alice", "olga"])
def test_only_admins_apply_again(request: Any, who: str, shop: Namespace) -> None:
    person: Person = request.getfixturevalue(who)
    grant = factories.grant(shop, drifted_at=timezone.now())
    with pytest.raises(NotAllowed):
        drift.apply_again(grant=grant, actor=factories.actor(person))
    assert not AuditEvent.objects.exists()
    assert not shop.cluster.slices.exists()


@pytest.mark.parametrize("fields", [{}, {"status": "revoked", "drifted_at": timezone.now()}])
def test_what_did_not_drift_is_not_applied_again(
    shop: Namespace, adam: Person, fields: dict[str, Any]
) -> None:
    with pytest.raises(Conflict, match="nothing to apply"):
        drift.apply_again(grant=factories.grant(shop, **fields), actor=factories.actor(adam))
    assert not shop.cluster.slices.exists()
