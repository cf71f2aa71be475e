"""The slices of namespaces: aliases, fixed addresses, and decisions on the whole namespace."""

from typing import Any

import pytest
from django.utils import timezone

from egress.cluster import kinds
from egress.domain.naming import NETWORK_POLICY_NAME, fixed_address_name
from egress.models import Cluster, DeliveryStep, Grant, Namespace, OwnedObject
from tests.services.world import World

HOST = "api.example.com"


def decide(world: World, on: bool = True, namespace: str = "shop") -> None:
    """Decide about the network policy of a namespace."""
    rows = Namespace.objects.filter(cluster=world.cluster, name=namespace)
    rows.update(network_policy=on, network_policy_at=timezone.now())
    world.mark(namespace)
    world.converge()


def service(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("enforcement", ["sidecar", "gateway"])
def test_an_alias_comes_and_goes_with_its_grant(world: World, enforcement: str) -> None:
    world.enforce(enforcement)
    grant = world.deliver(HOST, port=80, protocol="HTTP", alias="old-api")
    world.settle(2)
    assert world.objects(kinds.SERVICE) == ["old-api"]
    assert world.search() == 0
    world.revoke(grant)
    world.settle(2)
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert world.objects(kinds.SERVICE) == []
    assert world.objects(kinds.VIRTUAL_SERVICE) == []
    assert not DeliveryStep.objects.filter(explained=False).exists()
    assert not OwnedObject.objects.exists()


def test_a_grant_is_in_force_although_its_alias_is_taken(world: World) -> None:
    world.enforce("gateway")
    planted = world.sandbox.put(service("old-api", ports=[{"port": 80}]))
    grant = world.approve(HOST, port=80, protocol="HTTP", alias="old-api")
    world.settle(2)
    grant.refresh_from_db()
    assert (grant.status, grant.failed_reason) == ("active", "AliasNotWritten")
    assert "old-api" in grant.failed_message
    assert world.tags("grant").count("grant:failed") == 1
    theirs = world.live(planted)
    assert theirs is not None
    assert theirs["spec"]["ports"][0]["port"] == 80
    world.mark_host(HOST)
    world.settle(1)
    grant.refresh_from_db()
    assert grant.failed_reason == "AliasNotWritten"
    world.sandbox.remove(planted)
    world.settle(2)
    grant.refresh_from_db()
    assert grant.failed_reason == ""
    found = world.live(planted)
    assert found is not None
    assert found["spec"]["externalName"] == HOST


def test_fixed_addresses_share_a_service_and_each_is_taken_out_alone(world: World) -> None:
    first = world.deliver("203.0.113.4/32", port=5432, protocol="TCP", alias="old-database")
    world.deliver("203.0.113.5/32", port=5432, protocol="TCP", alias="old-database")
    key = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    place = {"metadata": {"name": fixed_address_name("old-database"), "namespace": "shop"}}
    found = world.live(key | place)
    assert found is not None
    assert [one["addresses"] for one in found["endpoints"]] == [["203.0.113.4"], ["203.0.113.5"]]
    world.revoke(first)
    world.converge()
    first.refresh_from_db()
    assert first.confirmed_at is not None
    found = world.live(key | place)
    assert found is not None
    assert [one["addresses"] for one in found["endpoints"]] == [["203.0.113.5"]]
    assert Grant.objects.filter(status="active").count() == 1
    assert world.search() == 0
    assert not DeliveryStep.objects.filter(explained=False).exists()


def test_a_network_policy_is_written_noted_and_put_back(world: World) -> None:
    decide(world)
    assert world.objects(kinds.NETWORK_POLICY) == [NETWORK_POLICY_NAME]
    assert world.namespace("shop").network_policy_enforced
    policy = world.sandbox.gateway.get(kinds.NETWORK_POLICY, "shop", NETWORK_POLICY_NAME)
    assert policy is not None
    world.sandbox.remove(policy)
    assert world.search() == 1
    assert not world.namespace("shop").network_policy_enforced
    world.converge()
    assert world.namespace("shop").network_policy_enforced
    decide(world, on=False)
    assert world.objects(kinds.NETWORK_POLICY) == []
    assert not world.namespace("shop").network_policy_enforced
    assert not DeliveryStep.objects.filter(explained=False).exists()


def test_a_network_policy_that_somebody_narrowed_is_not_called_enforced(world: World) -> None:
    Cluster.objects.update(drift_policy=Cluster.DriftPolicy.FLAG)
    decide(world)
    policy = world.sandbox.gateway.get(kinds.NETWORK_POLICY, "shop", NETWORK_POLICY_NAME)
    assert policy is not None
    change = {"spec": {"podSelector": {"matchLabels": {"app": "one"}}}}
    world.sandbox.patch(policy, change, manager="kubectl-edit")
    assert world.search() == 1
    assert not world.namespace("shop").network_policy_enforced


def test_a_network_policy_that_nobody_switched_off_counts(world: World) -> None:
    decide(world)
    Namespace.objects.filter(name="shop").update(
        network_policy=False, network_policy_at="2020-01-01T00:00Z"
    )
    world.mark("shop")
    world.converge()
    unexplained = DeliveryStep.objects.filter(kind="NetworkPolicy", explained=False)
    assert unexplained.count() == 1


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_central_host_waits_for_the_sidecar_that_has_to_list_it(
    world: World, is_listed: bool
) -> None:
    world.enforce("sidecar", central_entries=True)
    rows = Namespace.objects.filter(name="shop")
    rows.update(default_deny=True, default_deny_at=timezone.now())
    if is_listed:
        world.mark("shop")
        world.converge()
    grant = world.approve(HOST)
    world.converge()
    world.settle(1)
    grant.refresh_from_db()
    assert (grant.status, grant.failed_reason) == ("active", "")
    sidecar = world.sandbox.gateway.get(kinds.SIDECAR, "shop", "default")
    assert sidecar is not None
    assert f"istio-egress/{HOST}" in sidecar["spec"]["egress"][0]["hosts"]
