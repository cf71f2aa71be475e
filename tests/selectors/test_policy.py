"""What the domain gets to know: present subjects, live accesses, and only what was decided."""

from datetime import timedelta
from typing import Any

import pytest

from egress.domain.access import Access, Destination, Enforcement, Protocol, Subject, Wish
from egress.domain.lifecycle import ENDED_GRANT_STATUSES, GrantStatus
from egress.domain.policies import Finding, Level
from egress.models import Cluster, Grant, Namespace, Person
from egress.selectors import policy
from tests import factories as make

SHOP_TO_API = Access(Subject("shop"), Destination("api.example.com", 443, Protocol.TLS))


def test_the_inventory_holds_present_namespaces_and_accounts(
    shop: Namespace, payments: Namespace
) -> None:
    make.gone(payments)
    make.gone(shop.service_accounts.get(name="web"))
    inventory = policy.inventory_of(shop.cluster)
    assert set(inventory.namespaces) == {"shop"}
    assert set(inventory.namespaces["shop"].service_accounts) == {"default"}
    assert inventory.namespaces["shop"].uid == shop.uid
    assert set(policy.inventory_of(shop.cluster, "nothing").namespaces) == set()


@pytest.mark.parametrize("status", ["pending", "active", "expiring"])
def test_open_grants_are_carried_out(shop: Namespace, status: str) -> None:
    make.grant(shop, status=GrantStatus(status))
    assert policy.open_accesses(shop.cluster) == [SHOP_TO_API]
    assert policy.open_accesses(shop.cluster, "shop") == [SHOP_TO_API]
    assert policy.open_accesses(shop.cluster, "payments") == []
    assert policy.open_accesses(make.cluster()) == []


@pytest.mark.parametrize("status", sorted(ENDED_GRANT_STATUSES | {GrantStatus.SUSPENDED}))
def test_other_grants_are_not(shop: Namespace, status: GrantStatus) -> None:
    make.grant(shop, status=status)
    assert policy.open_accesses(shop.cluster) == []


def test_a_grant_that_is_not_what_was_decided_is_not_carried_out(shop: Namespace) -> None:
    make.grant(shop)
    Grant.objects.update(host="evil.example.net")
    assert policy.open_accesses(shop.cluster) == []


def test_a_grant_of_a_namespace_made_again_is_not_carried_out(shop: Namespace) -> None:
    make.grant(shop)
    make.gone(shop)
    assert policy.open_accesses(shop.cluster) == []
    make.namespace(shop.cluster, "shop", owner="team-shop")
    assert policy.open_accesses(shop.cluster) == []


def test_a_grant_of_an_account_made_again_is_not_carried_out(shop: Namespace) -> None:
    account = shop.service_accounts.get(name="web")
    make.grant(shop, service_account=account)
    assert len(policy.open_accesses(shop.cluster)) == 1
    make.gone(account)
    make.service_account(shop, "web")
    assert policy.open_accesses(shop.cluster) == []


def test_suspended_grants_still_stand_in_the_way(shop: Namespace) -> None:
    make.grant(shop, status=GrantStatus.SUSPENDED)
    make.grant(shop, host="b.example.com", status=GrantStatus.REVOKED)
    assert policy.policy_context(shop.cluster, "shop").grants == (SHOP_TO_API,)


def test_open_accesses_of_a_cluster_take_few_queries(
    shop: Namespace, owner: Person, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        make.grant(shop, owner, f"h{number}.example.com")
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert len(policy.open_accesses(shop.cluster)) == 20


def test_the_policies_see_whoever_reaches_the_same_host(
    shop: Namespace, payments: Namespace
) -> None:
    make.grant(payments)
    make.grant(payments, host="b.example.com")
    context = policy.policy_context(shop.cluster, "shop", wished=[SHOP_TO_API.destination])
    assert [str(access.subject) for access in context.grants] == ["payments"]
    assert context.grants[0].destination.host == "api.example.com"


def seen_by_shop(cluster: Cluster, *wished: Destination) -> set[str]:
    """Which hosts of granted destinations the policies see for a wish of the shop."""
    context = policy.policy_context(cluster, "shop", wished=wished)
    return {access.destination.host for access in context.grants}


def test_the_policies_see_wildcards_above_a_host(shop: Namespace, payments: Namespace) -> None:
    for host in ("*.wild.example.com", "*.example.com", "*.a.wild.example.com"):
        make.grant(payments, host=host)
    name = Destination("a.wild.example.com", 443, Protocol.TLS)
    assert seen_by_shop(shop.cluster, name) == {"*.wild.example.com", "*.example.com"}


def test_the_policies_see_names_below_a_wildcard_of_the_ambient_mesh(
    shop: Namespace, payments: Namespace
) -> None:
    for host in ("a.wild.example.com", "*.b.wild.example.com", "wild.example.com", "a_wild.test"):
        make.grant(payments, host=host)
    wish = Destination("*.wild.example.com", 443, Protocol.TLS)
    assert seen_by_shop(shop.cluster, wish) == set()
    Namespace.objects.filter(pk=shop.pk).update(enforcement="ambient")
    assert seen_by_shop(shop.cluster, wish) == {"a.wild.example.com", "*.b.wild.example.com"}


def test_the_policies_see_what_has_addresses_beside_a_host_behind_the_gateway(
    shop: Namespace, payments: Namespace
) -> None:
    data = make.namespace(shop.cluster, "data", owner="team-data")
    make.grant(shop, host="own.example.com", addresses=["203.0.113.13"])
    make.grant(payments, host="own.example.com", port=8443, addresses=["203.0.113.13"])
    make.grant(payments, host="b.example.com", addresses=["203.0.113.13"])
    make.grant(payments, host="beside.example.com", addresses=["203.0.113.13"])
    make.grant(payments, host="plain.example.com")
    make.grant(data, host="strange.example.com", addresses=["203.0.113.13"])
    plain = Destination("b.example.com", 8443, Protocol.TLS)
    wish = Destination("b.example.com", 8443, Protocol.TLS, addresses=("203.0.113.13",))
    assert seen_by_shop(shop.cluster, wish) == {"own.example.com", "b.example.com"}
    Namespace.objects.filter(pk=shop.pk).update(enforcement="gateway")
    assert seen_by_shop(shop.cluster, plain) == {"own.example.com", "b.example.com"}
    found = policy.policy_context(shop.cluster, "shop", wished=[wish]).grants
    assert {(access.subject.namespace, access.destination.host) for access in found} == {
        ("shop", "own.example.com"),
        ("payments", "own.example.com"),
        ("payments", "b.example.com"),
        ("payments", "beside.example.com"),
    }


def test_a_host_that_would_hide_a_wildcard_elsewhere_is_refused(
    shop: Namespace, payments: Namespace
) -> None:
    Namespace.objects.filter(pk=payments.pk).update(enforcement="ambient")
    make.grant(payments, host="*.example.com")
    wish = Wish(Subject("shop"), (SHOP_TO_API.destination,), timedelta(days=1))
    found = policy.findings_for(shop.cluster, wish)
    assert [f.field for f in found if f.reason == "HidesWildcard"] == ["destinations.0.host"]


def test_the_policies_know_all_namespaces_and_their_enforcement(
    shop: Namespace, payments: Namespace
) -> None:
    Namespace.objects.filter(pk=payments.pk).update(enforcement="ambient")
    context = policy.policy_context(shop.cluster, "shop")
    assert set(context.inventory.namespaces) == {"shop", "payments"}
    assert set(context.inventory.namespaces["shop"].service_accounts) == {"default", "web"}
    theirs = context.inventory.enforcement_of("payments", context.cluster)
    assert theirs is Enforcement.AMBIENT


def test_a_host_that_is_called_like_another_namespace_is_refused(
    shop: Namespace, payments: Namespace
) -> None:
    make.namespace(shop.cluster, "dev", owner="team-shop", accounts=("default",))
    wish = Wish(Subject("shop"), (Destination("web.dev", 443, Protocol.TLS),), timedelta(days=1))
    found = policy.findings_for(shop.cluster, wish)
    assert "NamespaceName" in {finding.reason for finding in found}


def test_what_admins_opened_of_private_space_is_known(shop: Namespace) -> None:
    cluster = shop.cluster
    cluster.private_zones = ["corp.example.internal"]
    cluster.private_ranges = ["10.20.0.0/16"]
    cluster.own_ranges = ["10.0.0.0/16"]
    context = policy.policy_context(cluster, "shop")
    assert context.allowed_private_zones == ("corp.example.internal",)
    assert context.allowed_private_ranges == ("10.20.0.0/16",)
    assert context.cluster_ranges == ("10.0.0.0/16",)


def test_an_admin_may_vouch_for_dns_capture_that_cannot_be_read(shop: Namespace) -> None:
    cluster = shop.cluster
    cluster.mesh = {"dns_capture": None}
    assert policy.policy_context(cluster, "shop").cluster.dns_capture is None
    cluster.attestations = {
        "PF8": {"by": "adam", "at": "2026-11-01", "note": "Set by the installer."}
    }
    assert policy.policy_context(cluster, "shop").cluster.dns_capture is True
    cluster.mesh = {"dns_capture": False}
    assert policy.policy_context(cluster, "shop").cluster.dns_capture is False


def test_package_indexes_are_named_by_the_installation(shop: Namespace, settings: Any) -> None:
    settings.PACKAGE_HOSTS = ["packages.example.com"]
    assert policy.policy_context(shop.cluster, "shop").package_hosts == ("packages.example.com",)


def test_the_load_of_gateways_is_read_for_namespaces_that_use_them(shop: Namespace) -> None:
    make.grant(shop)
    assert policy.policy_context(shop.cluster, "shop").doors == {}
    Namespace.objects.filter(pk=shop.pk).update(enforcement="gateway")
    assert policy.policy_context(shop.cluster, "shop").doors == {"main": 1}


def test_what_was_found_in_the_live_cluster_is_said_too(shop: Namespace) -> None:
    wish = Wish(Subject("shop"), (SHOP_TO_API.destination,), timedelta(days=1))
    seen = Finding("HostTaken", 'Somebody else wrote an entry for "api.example.com".', Level.BLOCK)
    assert seen in policy.findings_for(shop.cluster, wish, posture=[seen])
    assert seen not in policy.findings_for(shop.cluster, wish)


@pytest.mark.parametrize("level", [Level.BLOCK, Level.WARN, Level.INFO])
def test_what_the_database_and_the_cluster_both_know_is_said_once(
    shop: Namespace, level: Level
) -> None:
    shop.cluster.mesh = {"dns_capture": False}
    database = Destination("db.example.com", 5432, Protocol.TCP)
    wish = Wish(Subject("shop"), (database, database), timedelta(days=1))
    of_dns = [
        Finding("DnsCaptureMissing", "The pods do not answer DNS.", level, f"destinations.{n}.{p}")
        for n, p in ((0, "protocol"), (1, "host"))
    ]
    mesh = Finding("MeshAllowsAny", "All is open.", Level.INFO, "namespace")
    found = policy.findings_for(shop.cluster, wish, posture=[*of_dns, mesh])
    fields = [f.field for f in found if f.reason.startswith("DnsCapture")]
    assert sorted(fields) == [
        "destinations.0.protocol",
        "destinations.1.host",
        "destinations.1.protocol",
    ]
    assert of_dns[0] not in found, "the database knows"
    assert of_dns[1] in found, "another place is another matter"
    assert mesh not in found
    assert "GrantedNotEnforced" in {finding.reason for finding in found}


def test_where_the_database_does_not_know_the_cluster_has_the_word(shop: Namespace) -> None:
    shop.cluster.mesh = {}
    wish = Wish(
        Subject("shop"), (Destination("db.example.com", 5432, Protocol.TCP),), timedelta(days=1)
    )
    unknown = {finding.reason for finding in policy.findings_for(shop.cluster, wish)}
    assert "DnsCaptureUnknown" in unknown
    live = Finding("DnsCaptureMissing", "No.", Level.BLOCK, "destinations.0.protocol")
    found = policy.findings_for(shop.cluster, wish, posture=[live])
    assert live in found
    assert "DnsCaptureUnknown" not in {finding.reason for finding in found}


def test_a_boundary_that_is_lost_is_told_once(shop: Namespace) -> None:
    Namespace.objects.filter(pk=shop.pk).update(enforcement="gateway")
    wish = Wish(Subject("shop"), (SHOP_TO_API.destination,), timedelta(days=1))
    live = Finding("NotABoundary", "Somebody opened a door.", Level.WARN, "namespace")
    assert live not in policy.findings_for(shop.cluster, wish, posture=[live])
    Namespace.objects.filter(pk=shop.pk).update(network_policy=True)
    assert live in policy.findings_for(shop.cluster, wish, posture=[live])
