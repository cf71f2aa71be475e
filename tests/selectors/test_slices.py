"""Which slices a grant touches, and which grants a slice needs."""

from typing import Any

import pytest
from django.conf import settings

from egress.domain.lifecycle import GrantStatus
from egress.domain.slices import SliceKey, slices_of
from egress.models import Cluster, Namespace, Slice
from egress.selectors.slices import (
    grants_to_judge,
    inventory_of_namespaces,
    shares_hosts,
    slices_of_namespace,
    slices_touched_by,
    slices_with_doors_of,
)
from tests import factories

HOST = "api.example.com"


def enforce(cluster: Cluster, enforcement: str, **more: bool) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(enforcement=enforcement, **more)
    cluster.refresh_from_db()


@pytest.mark.parametrize(
    ("enforcement", "is_central", "expected"),
    [
        ("sidecar", False, {"namespace:shop"}),
        ("sidecar", True, {"namespace:shop", f"host:{HOST}"}),
        ("gateway", False, {"namespace:shop", f"host:{HOST}"}),
        ("ambient", False, {"namespace:shop", f"host:{HOST}"}),
    ],
)
def test_a_grant_touches_the_slices_that_hold_its_objects(
    cluster: Cluster, shop: Namespace, enforcement: str, is_central: bool, expected: set[str]
) -> None:
    enforce(cluster, enforcement, central_entries=is_central)
    grant = factories.grant(shop, host=HOST)
    touched = slices_touched_by(cluster, [grant])
    profile = cluster.profile(settings.INSTALLATION)
    needed = slices_of(grant.access, profile, inventory_of_namespaces(cluster, None))
    assert {str(key) for key in needed} <= touched == expected


def test_a_slice_of_the_host_from_before_is_touched_under_any_enforcement(
    cluster: Cluster, shop: Namespace
) -> None:
    grant = factories.grant(shop, host=HOST)
    Slice.objects.create(cluster=cluster, key=f"host:{HOST}", due_at="2026-01-01T00:00Z")
    assert slices_touched_by(cluster, [grant]) == {"namespace:shop", f"host:{HOST}"}


def test_a_namespace_stands_for_all_that_it_was_granted_and_not_lost(
    cluster: Cluster, shop: Namespace
) -> None:
    enforce(cluster, "gateway")
    factories.grant(shop, host="open.example.com")
    lost = factories.grant(shop, host="lost.example.com", status=GrantStatus.REVOKED)
    factories.grant(shop, host="ended.example.com", status=GrantStatus.REVOKED)
    type(lost).objects.filter(pk=lost.pk).update(confirmed_at="2026-01-01T00:00Z")
    assert slices_of_namespace(cluster, "shop") == {
        "namespace:shop",
        "host:open.example.com",
        "host:ended.example.com",
    }


def test_an_account_changes_the_doors_of_namespace_grants_only(
    cluster: Cluster, shop: Namespace
) -> None:
    enforce(cluster, "gateway")
    factories.grant(shop, host="door.example.com")
    factories.grant(shop, None, "http.example.com", 80, "HTTP")
    account = shop.service_accounts.get(name="web")
    factories.grant(shop, host="own.example.com", service_account=account)
    assert slices_with_doors_of(cluster, ["shop"]) == {"host:door.example.com"}
    assert slices_with_doors_of(cluster, []) == set()
    enforce(cluster, "ambient")
    assert slices_with_doors_of(cluster, ["shop"]) == set()


def test_a_host_is_judged_with_all_its_grants_and_those_beside_its_aliases(
    cluster: Cluster, shop: Namespace, payments: Namespace
) -> None:
    enforce(cluster, "gateway")
    own = factories.grant(shop, None, HOST, 80, "HTTP", alias="api")
    elsewhere = factories.grant(payments, None, HOST, 80, "HTTP")
    beside = factories.grant(shop, host="beside.example.com")
    factories.grant(payments, host="other.example.com")
    found = grants_to_judge(cluster, SliceKey.parse(f"host:{HOST}"))
    assert set(found) == {own, elsewhere, beside}


@pytest.mark.parametrize("enforcement", ["gateway", "sidecar"])
def test_a_host_with_addresses_is_judged_with_others_at_addresses_in_its_namespaces(
    cluster: Cluster, shop: Namespace, payments: Namespace, enforcement: str
) -> None:
    enforce(cluster, enforcement, central_entries=enforcement == "sidecar")
    addressed: dict[str, Any] = {"addresses": ["203.0.113.7"]}
    own = factories.grant(shop, host=HOST, **addressed)
    beside = factories.grant(shop, host="beside.example.com", port=8443, **addressed)
    around = factories.grant(shop, host="203.0.113.0/24")
    elsewhere = factories.grant(payments, host="beside.example.com", **addressed)
    factories.grant(shop, host="plain.example.com")
    factories.grant(payments, host="strange.example.com", **addressed)
    found = grants_to_judge(cluster, SliceKey.parse(f"host:{HOST}"))
    assert set(found) == {own, beside, around, elsewhere}
    needed = set(grants_to_judge(cluster, SliceKey.parse("namespace:shop")))
    assert needed >= {own, beside, around, elsewhere}


def test_a_wildcard_is_judged_with_the_names_below_it_and_touched_by_them(
    cluster: Cluster, shop: Namespace, payments: Namespace
) -> None:
    enforce(cluster, "ambient")
    own = factories.grant(shop, host="*.wild.example.com")
    below = factories.grant(payments, host="shop.wild.example.com")
    factories.grant(payments, host="wild.example.com")
    key = SliceKey.parse("host:*.wild.example.com")
    assert set(grants_to_judge(cluster, key)) == {own, below}
    assert str(key) not in slices_touched_by(cluster, [below])
    Slice.objects.create(cluster=cluster, key=str(key), due_at="2026-01-01T00:00Z")
    assert str(key) in slices_touched_by(cluster, [below])


def test_a_namespace_is_judged_with_others_where_they_may_not_agree_on_a_host(
    cluster: Cluster, shop: Namespace, payments: Namespace
) -> None:
    own = factories.grant(shop, host=HOST)
    elsewhere = factories.grant(payments, host=HOST)
    factories.grant(payments, host="other.example.com")
    key = SliceKey.parse("namespace:shop")
    assert not shares_hosts(cluster)
    assert set(grants_to_judge(cluster, key)) == {own}
    Namespace.objects.filter(pk=payments.pk).update(enforcement="ambient")
    assert shares_hosts(cluster)
    assert set(grants_to_judge(cluster, key)) == {own, elsewhere}


@pytest.mark.parametrize("is_central", [False, True])
def test_a_namespace_needs_nobody_elses_grants_where_all_agree(
    cluster: Cluster, shop: Namespace, payments: Namespace, is_central: bool
) -> None:
    enforce(cluster, "sidecar" if is_central else "gateway", central_entries=is_central)
    own = factories.grant(shop, host=HOST)
    elsewhere = factories.grant(payments, host=HOST)
    found = set(grants_to_judge(cluster, SliceKey.parse("namespace:shop")))
    assert found == ({own, elsewhere} if is_central else {own})


@pytest.mark.parametrize(
    "other", [{"protocol": "TCP"}, {"addresses": ["203.0.113.7"]}, {"alias": "api"}]
)
def test_a_namespace_is_judged_with_a_grant_that_differs(
    cluster: Cluster, shop: Namespace, payments: Namespace, other: dict[str, Any]
) -> None:
    enforce(cluster, "gateway")
    own = factories.grant(shop, host=HOST)
    elsewhere = factories.grant(payments, host=HOST, **other)
    assert set(grants_to_judge(cluster, SliceKey.parse("namespace:shop"))) == {own, elsewhere}
