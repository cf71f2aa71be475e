"""The slices of hosts: shared by namespaces, none of which holds up another."""

import pytest

from egress.cluster import kinds
from egress.domain.naming import base, client_rule_name, door_name
from egress.models import Delivery, Grant, HostAssignment, OwnedObject, Slice
from egress.services.convergence.beside import Claims
from egress.services.convergence.queue import claim_beside, claim_next
from tests.services.convergence.behind_gateway import (
    EGRESS,
    HOST,
    can,
    exported,
    get,
    hold,
    identities,
    subsets,
)
from tests.services.live_mesh import answer
from tests.services.world import World


def test_a_namespace_that_somebody_works_on_delays_nobody_else(gated: World) -> None:
    held = hold(gated, "data")
    shop, data = gated.approve(HOST, "shop"), gated.approve(HOST, "data")
    gated.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert shop.status == "active"
    assert (data.status, data.failed_reason) == ("pending", "")
    assert exported(gated) == ["shop"]
    assert can(gated, "shop")
    assert not can(gated, "data")
    row = gated.host_slice(HOST)
    assert (row.problem_reason, row.attempts) == ("AwaitsNamespace", 0)
    assert row.wanted > row.done
    held.own.release()
    gated.settle(2)
    data.refresh_from_db()
    assert data.status == "active"
    assert sorted(exported(gated)) == ["data", "shop"]
    assert gated.host_slice(HOST).problem_reason == ""


def test_a_namespace_that_has_a_host_keeps_it_while_somebody_works_on_it(gated: World) -> None:
    gated.deliver(HOST, "data")
    held = hold(gated, "data")
    gated.approve(HOST, "shop")
    second = gated.approve(HOST, "data", port=8443)
    gated.converge()
    assert sorted(exported(gated)) == ["data", "shop"]
    assert can(gated, "data")
    assert can(gated, "shop")
    second.refresh_from_db()
    assert second.status == "pending"
    held.own.release()
    gated.settle(2)
    second.refresh_from_db()
    assert second.status == "active"


def test_waiting_for_a_namespace_writes_nothing_again_and_again(gated: World) -> None:
    hold(gated, "data")
    gated.approve(HOST, "data")
    gated.converge()
    count = Delivery.objects.filter(slice__key=f"host:{HOST}").count()
    for _ in range(3):
        gated.make_host_due(HOST)
        gated.converge()
    assert Delivery.objects.filter(slice__key=f"host:{HOST}").count() == count


def test_claims_beside_a_delivery_are_given_back_as_they_were(gated: World) -> None:
    gated.approve(HOST, "shop")
    gated.approve(HOST, "data")
    Slice.objects.filter(key__startswith="namespace").update(due_at="2100-01-01T00:00Z")
    gated.converge()
    assert gated.host_slice(HOST).wanted == gated.host_slice(HOST).done
    for name in ("shop", "data"):
        row = gated.slice(name)
        assert (row.holder, row.lease_until) == ("", None)
        assert row.wanted > row.done
        assert row.fence > 0
        assert subsets(gated, name)
        record = OwnedObject.objects.get(name=client_rule_name(name))
        assert record.slice.key == f"namespace:{name}"


def test_nobody_claims_beside_what_is_held(gated: World) -> None:
    held = hold(gated, "data")
    gated.mark("shop")
    own = claim_next("worker-1")
    assert own is not None
    assert claim_beside(own, "namespace:data") is None
    assert held.take(["shop"]) == {"shop"}


def test_a_claim_that_is_lost_in_the_middle_stops_that_namespace_only(
    gated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated.approve(HOST, "shop")
    gated.approve(HOST, "data")
    Slice.objects.filter(key__startswith="namespace").update(due_at="2100-01-01T00:00Z")
    take = Claims.take

    def stolen(claims: Claims, namespaces: list[str]) -> frozenset[str]:
        missed = take(claims, namespaces)
        Slice.objects.filter(key="namespace:data").update(fence=999, holder="thief")
        return missed

    monkeypatch.setattr(Claims, "take", stolen)
    monkeypatch.setattr(Claims, "lock", lambda claims: claims.own.lock())
    gated.converge()
    assert exported(gated) == ["shop"]
    assert subsets(gated, "data") == []
    assert not can(gated, "data")
    assert Grant.objects.get(namespace="shop").status == "active"
    assert Grant.objects.get(namespace="data").failed_reason == ""


def test_a_namespace_delivered_alone_keeps_the_way_that_a_route_leads_to(gated: World) -> None:
    grant = gated.deliver(HOST, "shop")
    before = subsets(gated)
    gated.revoke(grant)
    Slice.objects.filter(key=f"host:{HOST}").update(due_at="2100-01-01T00:00Z")
    gated.converge()
    row = gated.slice("shop")
    assert subsets(gated) == before
    assert row.problem_reason == "AwaitsHost"
    assert row.wanted > row.done
    gated.settle(3)
    assert subsets(gated) == []
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert gated.slice("shop").problem_reason == ""


def test_many_grants_of_a_namespace_write_its_way_once(gated: World) -> None:
    for number in range(6):
        gated.approve(f"api-{number}.example.com", "shop")
    gated.converge()
    assert Grant.objects.filter(status="active").count() == 6
    rule = client_rule_name("shop")
    deliveries = Delivery.objects.filter(steps__name=rule)
    assert [row.slice.key for row in deliveries] == ["namespace:shop"]


def test_a_new_account_is_let_in_and_a_deleted_one_is_put_out(gated: World) -> None:
    gated.deliver(HOST, "shop")
    assert identities(gated) == ["default", "web"]
    gated.sandbox.account("shop", "batch")
    gated.sync()
    gated.converge()
    assert identities(gated) == ["batch", "default", "web"]
    assert can(gated, account="batch")
    gated.sandbox.remove(
        {"apiVersion": "v1", "kind": "ServiceAccount"}
        | {"metadata": {"name": "batch", "namespace": "shop"}}
    )
    gated.sync()
    assert gated.host_slice(HOST).priority == 0
    gated.converge()
    assert identities(gated) == ["default", "web"]
    assert not Delivery.objects.filter(steps__explained=False).exists()


def test_an_account_changes_no_door_of_another_accounts_grant(gated: World) -> None:
    account = gated.namespace("shop").service_accounts.get(name="web")
    gated.deliver(HOST, "shop", service_account=account)
    wanted = gated.host_slice(HOST).wanted
    gated.sandbox.account("shop", "batch")
    gated.sync()
    assert gated.host_slice(HOST).wanted == wanted
    assert identities(gated) == ["web"]


def test_a_namespace_grant_that_ends_leaves_the_account_that_has_its_own(gated: World) -> None:
    account = gated.namespace("shop").service_accounts.get(name="web")
    whole = gated.deliver(HOST, "shop")
    gated.deliver(HOST, "shop", service_account=account)
    gated.revoke(whole)
    gated.converge()
    whole.refresh_from_db()
    assert whole.confirmed_at is not None
    assert identities(gated) == ["web"]
    assert can(gated, account="web")
    assert not can(gated, account="default")


def test_a_namespace_that_vanishes_leaves_its_doors(gated: World) -> None:
    gated.deliver(HOST, "shop")
    gated.deliver(HOST, "data")
    gated.sandbox.remove({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    gated.sync()
    gated.settle(2)
    assert identities(gated, "shop") == []
    assert identities(gated, "data") == ["default", "web"]
    assert exported(gated) == ["data"]
    assert Grant.objects.get(namespace="shop").status == "suspended"


def test_a_host_stays_with_its_gateway_and_the_next_goes_where_room_is(gated: World) -> None:
    gateways = [{"id": "main", "max_doors": 1}, {"id": "b"}]
    gated.enforce("gateway", gateways=gateways)
    gated.deliver(HOST, "shop")
    gated.deliver("www.example.com", "shop")
    gated.deliver(HOST, "data")
    assigned = dict(HostAssignment.objects.values_list("host", "gateway"))
    assert assigned == {HOST: "main", "www.example.com": "b"}
    assert can(gated, "data")
    assert answer(gated, "shop", "web", "www.example.com", 443, "TLS")
    rules = gated.objects(kinds.DESTINATION_RULE, EGRESS)
    assert client_rule_name("shop", "b") in rules
    assert client_rule_name("shop") in rules
    assert gated.search() == 0


def test_rules_at_the_clients_lie_in_their_namespaces(gated: World) -> None:
    gated.enforce("gateway", rules_at_clients=True)
    grant = gated.deliver(HOST, "shop")
    assert gated.objects(kinds.DESTINATION_RULE, "shop") == [client_rule_name("shop")]
    assert can(gated)
    gated.revoke(grant)
    gated.settle(2)
    assert gated.objects(kinds.DESTINATION_RULE, "shop") == []


def test_grants_that_contradict_each_other_are_all_refused(gated: World) -> None:
    shop = gated.approve(HOST, "shop", 8443, "TLS")
    data = gated.approve(HOST, "data", 8443, "TCP")
    gated.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert shop.failed_reason == data.failed_reason == "ProtocolConflict"
    assert get(gated, kinds.SERVICE_ENTRY, base(HOST)) is None


def test_a_revoke_under_an_old_enforcement_is_confirmed_where_it_was_written(gated: World) -> None:
    grant = gated.deliver(HOST, "shop")
    gated.revoke(grant)
    gated.enforce("sidecar", "shop")
    gated.settle(2)
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert get(gated, kinds.GATEWAY, door_name(HOST, 443)) is None
