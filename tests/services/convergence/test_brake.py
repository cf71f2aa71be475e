"""What nobody decided is not taken away in bulk."""

from datetime import timedelta

from django.utils import timezone

from egress.models import Cluster, DeliveryStep, Grant, Namespace, Priority
from egress.services import convergence
from tests.services.world import World

MANY = 12


def many(world: World, count: int = MANY, namespace: str = "shop") -> list[Grant]:
    grants = [world.approve(f"api-{number}.example.com", namespace) for number in range(count)]
    world.converge()
    assert len(world.hosts(namespace)) == count
    return grants


def lose(grants: list[Grant]) -> None:
    """Let rows disappear as an old backup does."""
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()


def test_grants_that_vanished_from_the_database_do_not_empty_the_cluster(world: World) -> None:
    lose(many(world))
    assert convergence.full_sweep(Cluster.objects.get()) == 0
    world.converge()
    assert len(world.hosts()) == MANY
    assert world.slice().problem_reason == "Brake"
    assert world.tags().count("sweep:braked") == 1
    convergence.full_sweep(Cluster.objects.get())
    assert world.tags().count("sweep:braked") == 1


def test_a_delivery_for_another_reason_does_not_take_them_away_either(world: World) -> None:
    lose(many(world))
    new = world.approve("new.example.com")
    world.converge()
    new.refresh_from_db()
    assert new.status == "active"
    assert len(world.hosts()) == MANY + 1
    assert world.slice().problem_reason == "Brake"
    assert "12 objects" in world.slice().problem
    assert world.tags().count("sweep:braked") == 1


def test_a_revoke_goes_through_while_the_brake_is_on(world: World) -> None:
    grants = many(world, MANY + 1)
    lose(grants[1:])
    world.revoke(grants[0])
    world.converge()
    grants[0].refresh_from_db()
    assert grants[0].confirmed_at is not None
    assert len(world.hosts()) == MANY


def test_a_few_unexplained_objects_are_removed_and_counted(world: World) -> None:
    lose(many(world)[:3])
    convergence.full_sweep(Cluster.objects.get())
    world.converge()
    assert len(world.hosts()) == MANY - 3
    assert DeliveryStep.objects.filter(explained=False).count() == 3


def test_a_cluster_is_not_emptied_drop_by_drop(world: World) -> None:
    grants = many(world, 16)
    lose(grants[:8])
    world.mark("shop", Priority.DRIFT)
    world.converge()
    assert len(world.hosts()) == 8
    lose(grants[8:])
    world.mark("shop", Priority.DRIFT)
    world.converge()
    assert len(world.hosts()) == 8
    assert world.slice().problem_reason == "Brake"


def test_people_may_revoke_as_much_as_they_like(world: World) -> None:
    for grant in many(world, 15):
        world.revoke(grant)
    world.converge()
    assert world.hosts() == set()
    assert Grant.objects.filter(confirmed_at=None).count() == 0
    assert not DeliveryStep.objects.filter(explained=False).exists()


def test_a_narrowed_port_that_nobody_ended_counts(world: World) -> None:
    for number in range(MANY):
        world.approve(f"api-{number}.example.com")
        world.approve(f"api-{number}.example.com", port=8443)
    world.converge()
    Grant.objects.filter(port=8443).delete()
    world.mark("shop")
    world.converge()
    assert len(world.hosts()) == 2 * MANY


def test_healing_what_others_added_does_not_count(world: World) -> None:
    many(world)
    for number in range(MANY):
        entry = world.entry(f"api-{number}.example.com")
        assert entry is not None
        port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
        world.sandbox.patch(entry, {"spec": {"ports": [*entry["spec"]["ports"], port]}})
    assert len(world.hosts()) == 2 * MANY
    convergence.full_sweep(Cluster.objects.get())
    world.converge()
    assert len(world.hosts()) == MANY


def test_default_deny_that_nobody_switched_off_counts(world: World) -> None:
    Namespace.objects.filter(name="shop").update(
        default_deny=True, default_deny_at=timezone.now() - timedelta(minutes=1)
    )
    world.mark("shop")
    world.converge()
    Namespace.objects.filter(name="shop").update(default_deny=False)
    world.mark("shop")
    world.converge()
    assert DeliveryStep.objects.filter(kind="Sidecar", explained=False).count() == 1
