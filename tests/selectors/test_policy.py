"""What the domain gets to know: present subjects, live accesses, and only what was decided."""

import pytest

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.lifecycle import ENDED_GRANT_STATUSES, GrantStatus
from egress.models import Grant, Namespace, Person
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
