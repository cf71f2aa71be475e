"""How full egress gateways are, and which of them serves a host."""

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, HostAssignment, Namespace
from egress.selectors.gateway_load import GatewayLoad, assignments_of, served_in
from egress.selectors.policy import inventory_of
from tests import factories as make

TWO = [{"id": "main"}, {"id": "b"}]


@pytest.fixture
def gated(shop: Namespace, payments: Namespace) -> Cluster:
    """A cluster whose namespaces go through egress gateways."""
    Cluster.objects.filter(pk=shop.cluster.pk).update(enforcement="gateway", gateways=TWO)
    cluster = Cluster.objects.get(pk=shop.cluster.pk)
    HostAssignment.objects.create(cluster=cluster, host="b.example.com", gateway="b")
    return cluster


def load(cluster: Cluster) -> GatewayLoad:
    """The load of a cluster as it is now."""
    profile = cluster.profile("main", assignments_of(cluster))
    return served_in(cluster, profile, inventory_of(cluster)).load(profile)


def test_doors_are_counted_by_host_port_and_namespace(
    gated: Cluster, shop: Namespace, payments: Namespace
) -> None:
    make.grant(shop)
    make.grant(shop, service_account=shop.service_accounts.get(name="web"))
    make.grant(payments)
    make.grant(shop, host="b.example.com")
    assert load(gated) == GatewayLoad({"main": 2, "b": 1}, {})


def test_http_hosts_are_counted_once(gated: Cluster, shop: Namespace, payments: Namespace) -> None:
    make.grant(shop, port=80, protocol="HTTP")
    make.grant(shop, port=8080, protocol="GRPC")
    make.grant(payments, port=80, protocol="HTTP")
    assert load(gated) == GatewayLoad({}, {"main": 1})


def test_ended_grants_and_other_enforcements_take_no_room(
    gated: Cluster, shop: Namespace, payments: Namespace
) -> None:
    make.grant(shop, status=GrantStatus.REVOKED)
    make.grant(payments)
    Namespace.objects.filter(pk=payments.pk).update(enforcement="sidecar")
    assert load(gated) == GatewayLoad({}, {})


def test_a_host_of_an_unknown_gateway_is_left_out(gated: Cluster, shop: Namespace) -> None:
    make.grant(shop)
    HostAssignment.objects.create(cluster=gated, host="api.example.com", gateway="old")
    assert load(gated) == GatewayLoad({}, {})


def test_one_gateway_needs_no_assignments(gated: Cluster) -> None:
    assert assignments_of(gated) == {"b.example.com": "b"}
    gated.gateways = []
    assert assignments_of(gated) == {}
