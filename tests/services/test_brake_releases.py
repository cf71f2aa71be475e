"""An admin lets exactly what the brake holds go: what was seen, once, for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.cluster.errors import ClusterError, Fault
from egress.models import (
    AuditEvent,
    BrakeRelease,
    Cluster,
    DeliveryStep,
    Grant,
    HeldRemoval,
    Person,
    RoleBinding,
    Slice,
)
from egress.selectors.brake import Held, held_of
from egress.services import convergence
from egress.services.actor import Actor
from egress.services.brake_releases import release
from egress.services.convergence import brake
from egress.services.convergence.record import announce
from egress.services.errors import Conflict, NotAllowed, Refused
from tests import factories
from tests.services.convergence.test_faults import failing, lost, through
from tests.services.world import World, assert_chain_is_valid, foreign_entry

MANY = 12
WHY = "The backup is from before the clean-up."


def lose_many(world: World, count: int = MANY, namespace: str = "shop") -> None:
    """Let the rows of so many grants in force disappear, and let the sweep find that."""
    grants = [world.approve(f"api-{n}.{namespace}.example.com", namespace) for n in range(count)]
    world.converge()
    assert len(world.hosts(namespace)) == count
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()
    sweep()


def sweep() -> None:
    convergence.full_sweep(Cluster.objects.get())


def held(world: World) -> Held:
    return held_of(world.cluster)


def let_go(world: World, digest: str | None = None, reason: str = WHY) -> BrakeRelease:
    return release(
        cluster=world.cluster,
        digest=held(world).digest if digest is None else digest,
        reason=reason,
        actor=Actor.of(world.admin, "web"),
    )


def test_what_is_held_is_written_down_with_its_host(world: World) -> None:
    lose_many(world)
    removals = held(world).removals
    assert {one.host for one in removals} == {f"api-{n}.shop.example.com" for n in range(MANY)}
    entry = world.entry("api-0.shop.example.com")
    assert entry is not None
    first = next(one for one in removals if one.host == "api-0.shop.example.com")
    assert (first.uid, first.left) == (entry["metadata"]["uid"], "")
    assert (first.kind, first.namespace) == ("ServiceEntry", "shop")


def test_a_delivery_writes_down_what_it_holds_as_the_sweep_does(world: World) -> None:
    lose_many(world)
    before = held(world).digest
    world.mark("shop")
    world.converge()
    assert world.slice().problem_reason == "Brake"
    assert held(world).digest == before


def test_what_is_held_because_others_used_up_the_room_is_written_down_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = [world.approve(f"api-{number}.example.com") for number in range(5)]
    world.converge()
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()
    rooms = iter([brake.LEAST])
    monkeypatch.setattr(brake, "room", lambda cluster: next(rooms, 0))
    world.mark("shop")
    world.converge()
    assert world.slice().problem_reason == "Brake"
    assert len(world.hosts()) == len(held(world).removals) == 5
    let_go(world)
    world.converge()
    assert world.hosts() == set()


def test_an_admin_releases_what_is_held_and_it_goes(world: World) -> None:
    lose_many(world)
    made = let_go(world)
    world.converge()
    assert world.hosts() == set()
    assert not HeldRemoval.objects.exists()
    assert world.slice().problem_reason == ""
    made.refresh_from_db()
    assert made.used_at is not None
    steps = DeliveryStep.objects.filter(release=made)
    assert (steps.count(), set(steps.values_list("action", flat=True))) == (MANY, {"delete"})
    event = AuditEvent.objects.get(tag="brake:released")
    assert (event.actor, event.data["reason"], len(event.data["objects"])) == ("adam", WHY, MANY)
    assert_chain_is_valid()


def test_who_lost_the_role_at_the_provider_releases_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_many(world)

    def without_the_group(person: Person) -> None:
        person.roles.all().delete()

    monkeypatch.setattr("egress.services.sign_in.refresh_claims", without_the_group)
    with pytest.raises(NotAllowed):
        let_go(world)
    assert not BrakeRelease.objects.exists()


def test_what_was_released_leaves_the_room_for_others_as_it_was(world: World) -> None:
    lose_many(world)
    let_go(world)
    world.converge()
    lose_many(world, 3, "data")
    world.converge()
    assert world.hosts("data") == set()
    assert DeliveryStep.objects.filter(explained=False).count() == 3


def test_a_set_that_changed_since_the_look_is_not_released(world: World) -> None:
    lose_many(world)
    seen = held(world).digest
    lose_many(world, 1, "data")
    with pytest.raises(Conflict) as refusal:
        let_go(world, seen)
    assert refusal.value.reason == "HeldSetChanged"
    assert "13 objects" in refusal.value.message
    assert not BrakeRelease.objects.exists()
    world.converge()
    assert len(world.hosts()) == MANY


def test_what_is_held_later_or_made_again_is_held_again(world: World) -> None:
    lose_many(world)
    let_go(world)
    entry = world.entry("api-0.shop.example.com")
    assert entry is not None
    world.converge()
    lose_many(world)
    world.converge()
    assert len(world.hosts()) == MANY, "another uid is another object"
    assert world.slice().problem_reason == "Brake"


def test_the_same_narrowing_goes_once_only(world: World) -> None:
    for number in range(MANY):
        world.approve(f"api-{number}.example.com")
    wide = [world.approve(f"api-{number}.example.com", port=8443) for number in range(MANY)]
    world.converge()
    Grant.objects.filter(pk__in=[grant.pk for grant in wide]).delete()
    sweep()
    assert all(one.left for one in held(world).removals)
    let_go(world)
    world.converge()
    assert len(world.hosts()) == MANY
    for number in range(MANY):
        world.approve(f"api-{number}.example.com", port=8443)
    world.converge()
    assert len(world.hosts()) == 2 * MANY
    Grant.objects.filter(port=8443).delete()
    sweep()
    world.converge()
    assert len(world.hosts()) == 2 * MANY, "the release was used up"


def test_a_release_runs_out(world: World) -> None:
    lose_many(world)
    let_go(world)
    BrakeRelease.objects.update(until=timezone.now() - timedelta(seconds=1))
    world.converge()
    assert len(world.hosts()) == MANY
    assert world.slice().problem_reason == "Brake"
    let_go(world)
    world.make_due()
    world.converge()
    assert world.hosts() == set()


def test_a_release_that_ran_out_between_plan_and_write_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_many(world)
    let_go(world)

    def late(*args: object) -> object:
        BrakeRelease.objects.update(until=timezone.now() - timedelta(seconds=1))
        return announce(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("egress.services.convergence.deliver.announce", late)
    world.converge()
    assert len(world.hosts()) == MANY
    assert not DeliveryStep.objects.filter(action="delete").exists()


def test_the_same_set_is_released_once_at_a_time(world: World) -> None:
    lose_many(world)
    let_go(world)
    with pytest.raises(Conflict, match="a moment ago"):
        let_go(world)


@pytest.mark.parametrize("happens", [False, True])
def test_a_delete_that_was_refused_or_whose_answer_was_lost_is_done_under_the_same_release(
    world: World, happens: bool
) -> None:
    lose_many(world)
    made = let_go(world)
    refused = ClusterError("No.", Fault.CONFLICT) if not happens else lost()
    with through(world, failing("delete", refused, happens=happens)):
        world.converge()
    world.settle()
    assert world.hosts() == set()
    assert BrakeRelease.objects.get() == made
    assert not DeliveryStep.objects.filter(explained=False).exists()


def test_nothing_is_released_when_nothing_is_held(world: World) -> None:
    with pytest.raises(Conflict) as refusal:
        let_go(world)
    assert refusal.value.reason == "NothingHeld"
    assert not Slice.objects.exists()


def test_a_reason_is_needed(world: World) -> None:
    lose_many(world)
    with pytest.raises(Refused) as refusal:
        let_go(world, reason="  ")
    assert "reason" in refusal.value.fields


@pytest.mark.parametrize("role", ["none", "auditor", "approver", "ended"])
def test_nobody_but_an_admin_of_now_releases(world: World, role: str) -> None:
    lose_many(world)
    who = world.requester
    if role == "auditor":
        who = factories.auditor("olga")
    elif role == "approver":
        who = factories.approver("alice")
    elif role == "ended":
        who = factories.admin("eve")
        RoleBinding.objects.filter(person=who).delete()
        who.is_superuser = False
        who.save()
    with pytest.raises(NotAllowed):
        release(
            cluster=world.cluster,
            digest=held(world).digest,
            reason=WHY,
            actor=Actor.of(who, "web"),
        )
    world.converge()
    assert len(world.hosts()) == MANY


def test_what_is_as_granted_again_is_not_held_any_more(world: World) -> None:
    lose_many(world)
    for number in range(MANY):
        world.approve(f"api-{number}.shop.example.com")
    world.converge()
    sweep()
    assert not HeldRemoval.objects.exists()
    assert world.slice().problem_reason == ""


def test_a_foreign_object_under_the_name_of_a_released_one_is_left_alone(world: World) -> None:
    lose_many(world)
    let_go(world)
    entry = world.entry("api-0.shop.example.com")
    assert entry is not None
    name = entry["metadata"]["name"]
    world.sandbox.remove(entry)
    world.sandbox.put(foreign_entry(name, "api-0.shop.example.com"), manager="kubectl")
    world.converge()
    assert world.objects() == [name]
