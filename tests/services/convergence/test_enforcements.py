"""From approval to confirmed removal, under every enforcement."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from egress.cluster import kinds
from egress.domain.naming import base
from egress.models import Delivery, DeliveryStep, HostAssignment, OwnedObject, Slice
from tests.services.live_mesh import answer
from tests.services.world import World, assert_chain_is_valid
from tests.tries import tries

HOST = "api.example.com"
EGRESS = "istio-egress"


@dataclass(frozen=True)
class Case:
    """A way to a host: under which enforcement, and what is asked for."""

    enforcement: str
    port: int
    protocol: str
    more: dict[str, Any] = field(default_factory=dict)
    is_central: bool = False
    has_account: bool = False

    def prepare(self, world: World) -> None:
        world.enforce(self.enforcement, central_entries=self.is_central)
        world.know_dns_capture()
        for name in ("shop", "data"):
            if self.enforcement != "ambient":
                world.deny_by_default(name)

    def approve(self, world: World, namespace: str = "shop") -> Any:
        more = dict(self.more)
        if self.has_account:
            accounts = world.namespace(namespace).service_accounts
            more["service_account"] = accounts.get(name="web")
        return world.approve(HOST, namespace, self.port, self.protocol, **more)

    def can(self, world: World, namespace: str = "shop", account: str = "web") -> bool:
        return answer(world, namespace, account, HOST, self.port, self.protocol)


CASES = {
    "sidecar TLS": Case("sidecar", 443, "TLS"),
    "sidecar TCP": Case("sidecar", 5432, "TCP"),
    "sidecar origination": Case("sidecar", 80, "HTTP", {"tls_origination": True}),
    "central HTTP": Case("sidecar", 80, "HTTP", is_central=True),
    "central TCP": Case("sidecar", 5432, "TCP", is_central=True),
    "gateway TLS": Case("gateway", 443, "TLS"),
    "gateway TLS account": Case("gateway", 443, "TLS", has_account=True),
    "gateway HTTP": Case("gateway", 80, "HTTP"),
    "gateway HTTP account": Case("gateway", 8080, "HTTP", has_account=True),
    "gateway origination": Case("gateway", 80, "HTTP", {"tls_origination": True}),
    "gateway TCP": Case("gateway", 5432, "TCP"),
    "ambient TLS": Case("ambient", 443, "TLS"),
    "ambient HTTP account": Case("ambient", 80, "HTTP", has_account=True),
    "ambient TCP": Case("ambient", 5432, "TCP"),
}

every_way = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
SOME = list(CASES)[:: tries(3, of=1)]
some_ways = pytest.mark.parametrize("case", [CASES[name] for name in SOME], ids=SOME)


def assert_settled(world: World) -> None:
    for row in Slice.objects.filter(cluster=world.cluster):
        assert (row.key, row.wanted, row.problem) == (row.key, row.done, "")


@every_way
def test_what_is_approved_is_applied_and_what_is_revoked_is_confirmed(
    world: World, case: Case
) -> None:
    case.prepare(world)
    assert not case.can(world)
    grant = case.approve(world)
    world.converge()
    grant.refresh_from_db()
    assert (grant.status, grant.failed_message) == ("active", "")
    assert case.can(world)
    assert not case.can(world, "data")
    assert case.can(world, account="default") is not case.has_account
    world.settle(2)
    assert_settled(world)
    world.revoke(grant)
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert not case.can(world)
    world.settle(2)
    assert_settled(world)
    left = set(OwnedObject.objects.values_list("kind", flat=True))
    assert left <= {"Sidecar"}
    assert not HostAssignment.objects.exists()
    assert not DeliveryStep.objects.filter(explained=False).exists()
    assert not Delivery.objects.exclude(outcome="done").exists()
    assert_chain_is_valid()


@every_way
def test_two_namespaces_share_a_host_and_ending_one_keeps_the_other(
    world: World, case: Case
) -> None:
    case.prepare(world)
    shop, data = case.approve(world, "shop"), case.approve(world, "data")
    world.converge()
    assert case.can(world, "shop")
    assert case.can(world, "data")
    world.revoke(shop)
    world.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert shop.confirmed_at is not None
    assert not case.can(world, "shop")
    assert case.can(world, "data")
    assert (data.status, data.failed_reason) == ("active", "")
    assert not DeliveryStep.objects.filter(explained=False).exists()
    world.settle(2)
    assert_settled(world)


@some_ways
def test_a_second_look_finds_nothing_to_do(world: World, case: Case) -> None:
    case.prepare(world)
    case.approve(world)
    world.settle(3)
    deliveries = Delivery.objects.count()
    Slice.objects.update(wanted=100)
    world.settle(2)
    assert Delivery.objects.count() == deliveries
    assert world.search() == 0


@some_ways
def test_an_object_deleted_by_hand_comes_back(world: World, case: Case) -> None:
    case.prepare(world)
    case.approve(world)
    world.settle(2)
    for row in list(OwnedObject.objects.order_by("pk")):
        kind = kinds.kind_of({"apiVersion": row.api_version, "kind": row.kind})
        obj = world.sandbox.gateway.get(kind, row.namespace, row.name)
        assert obj is not None
        world.sandbox.remove(obj)
        assert world.search() == 1, row
        world.settle(3)
        assert world.sandbox.gateway.get(kind, row.namespace, row.name) is not None, row
    assert case.can(world)
    assert world.search() == 0
    assert_settled(world)


def test_a_grant_under_another_port_of_the_host_is_not_touched(world: World) -> None:
    world.enforce("gateway")
    world.deny_by_default("shop")
    world.approve(HOST, "shop", 443)
    second = world.approve(HOST, "shop", 8443)
    world.converge()
    door = {"apiVersion": "networking.istio.io/v1", "kind": "Gateway"}
    place = {"metadata": {"namespace": EGRESS, "name": f"{base(HOST)}-p443"}}
    before = world.live(door | place)
    world.revoke(second)
    world.converge()
    second.refresh_from_db()
    assert second.confirmed_at is not None
    assert world.live(door | place) == before
    assert answer(world, "shop", "web", HOST, 443, "TLS")
    assert not answer(world, "shop", "web", HOST, 8443, "TLS")
