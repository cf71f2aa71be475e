"""Which hosts of the mesh a namespace keeps under central entries."""

import pytest

from egress.models import AuditEvent
from egress.services.actor import Actor
from egress.services.errors import NotAllowed, Refused
from egress.services.mesh_hosts import set_mesh_hosts
from tests.services.world import World


def test_an_admin_names_the_hosts_and_the_trail_keeps_it(world: World) -> None:
    shop = world.namespace("shop")
    actor = Actor.of(world.admin, "web")
    set_mesh_hosts(namespace=shop, hosts=["Data/*", "data/*", "monitoring/api.svc"], actor=actor)
    assert world.namespace("shop").mesh_hosts == ["data/*", "monitoring/api.svc"]
    assert world.namespace("shop").facts({}).mesh_hosts == ("data/*", "monitoring/api.svc")
    event = AuditEvent.objects.get(tag="namespace:mesh-hosts-set")
    assert event.data == {"before": [], "after": ["data/*", "monitoring/api.svc"]}


@pytest.mark.parametrize("host", ["data", "*/*", "Data Base/*", "data/", "data/short", "/x.y"])
def test_what_is_no_host_of_the_mesh_is_refused(world: World, host: str) -> None:
    actor = Actor.of(world.admin, "web")
    with pytest.raises(Refused) as refusal:
        set_mesh_hosts(namespace=world.namespace("shop"), hosts=[host], actor=actor)
    assert "hosts" in refusal.value.fields


def test_hosts_outside_are_not_admitted_this_way(world: World) -> None:
    actor = Actor.of(world.admin, "web")
    with pytest.raises(Refused) as refusal:
        set_mesh_hosts(namespace=world.namespace("shop"), hosts=["istio-egress/*"], actor=actor)
    assert "grant" in refusal.value.message


def test_only_an_admin_may(world: World) -> None:
    with pytest.raises(NotAllowed):
        set_mesh_hosts(
            namespace=world.namespace("shop"),
            hosts=["data/*"],
            actor=Actor.of(world.requester, "web"),
        )
