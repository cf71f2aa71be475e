"""Settings of a cluster are checked, kept consistent with what is granted, and audited."""

from dataclasses import replace
from typing import Any

import pytest

from egress.models import AuditEvent, HostAssignment, Slice
from egress.services import cluster_settings
from egress.services.actor import Actor
from egress.services.cluster_settings import ClusterSettings
from egress.services.errors import Conflict, NotAllowed, Refused
from tests.services.world import World


def change(world: World, who: Any = None, **values: Any) -> None:
    wanted = replace(cluster_settings.settings_of(world.cluster), **values)
    actor = Actor.of(who or world.admin, "web")
    cluster_settings.change(cluster=world.cluster, settings=wanted, actor=actor)
    world.cluster.refresh_from_db()


def test_an_admin_sets_what_is_private_there(world: World) -> None:
    change(
        world,
        private_zones=["Corp.Example.", "corp"],
        private_ranges=["10.20.0.0/16"],
        own_ranges=["10.96.0.0/12"],
    )
    assert world.cluster.private_zones == ["corp", "corp.example"]
    assert world.cluster.private_ranges == ["10.20.0.0/16"]
    event = AuditEvent.objects.get(tag="cluster:changed")
    assert event.data["after"]["own_ranges"] == ["10.96.0.0/12"]
    assert event.data["before"]["own_ranges"] == []


def test_setting_what_is_set_already_leaves_no_trace(world: World) -> None:
    change(world)
    assert not AuditEvent.objects.filter(tag="cluster:changed").exists()


def test_only_an_admin_may(world: World) -> None:
    with pytest.raises(NotAllowed):
        change(world, who=world.requester, private_zones=["corp.example"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("private_zones", ["two words"]),
        ("private_ranges", ["10.20.0.1/16"]),
        ("own_ranges", ["everything"]),
        ("enforcement", "magic"),
        ("gateways", [{"id": "gateway-with-a-long-id"}]),
        ("gateways", [{"id": "a"}, {"id": "a"}]),
        ("gateways", [{"colour": "blue"}]),
        ("gateways", [{"http_container_port": 8443}]),
        ("gateways", [{"id": "main"}, {"id": "b", "label": "egressgateway"}]),
        ("gateways", [{"service": "out.shop.svc.cluster.local"}]),
        ("gateways", [{"http_port": 70_000}]),
        ("gateways", [{"max_doors": True}]),
        ("gateways", [{"service": "gateway"}]),
        ("gateways", [{"label": "two words"}]),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    world: World, name: str, value: Any
) -> None:
    with pytest.raises(Refused) as refusal:
        change(world, **{name: value})
    assert list(refusal.value.fields) == [name]


@pytest.mark.parametrize("changed", [{"enforcement": "gateway"}, {"central_entries": True}])
def test_live_grants_do_not_move_to_another_enforcement_or_layout(
    world: World, changed: dict[str, Any]
) -> None:
    world.deliver("api.example.com")
    with pytest.raises(Conflict) as refusal:
        change(world, **changed)
    assert refusal.value.reason == "EnforcementInUse"


def test_a_namespace_with_an_enforcement_of_its_own_does_not_hold_the_cluster_back(
    world: World,
) -> None:
    shop = world.namespace("shop")
    shop.enforcement = "sidecar"
    shop.save()
    world.deliver("api.example.com")
    change(world, enforcement="gateway")
    assert world.cluster.enforcement == "gateway"


def test_a_gateway_that_serves_hosts_stays(world: World) -> None:
    two = [{"id": "main"}, {"id": "two"}]
    change(world, gateways=two)
    HostAssignment.objects.create(cluster=world.cluster, host="a.example.com", gateway="two")
    with pytest.raises(Conflict) as refusal:
        change(world, gateways=[{"id": "main"}])
    assert "a.example.com" in refusal.value.message
    assert [one.id for one in world.cluster.profile("x").gateways] == ["main", "two"]


def test_everything_is_rendered_again_after_a_change(world: World) -> None:
    world.deliver("api.example.com")
    change(world, rules_at_clients=True)
    row = Slice.objects.get(key="namespace:shop")
    assert row.wanted > row.done


def test_the_default_is_the_enforcement_that_is_a_boundary() -> None:
    assert ClusterSettings().enforcement == "gateway"
