"""Service accounts of the namespaces that somebody sees."""

from typing import Any

import pytest

from egress.models import Namespace, Person, ServiceAccount
from tests import factories as make
from tests.api.calling import Caller, rows

pytestmark = pytest.mark.django_db


def names(caller: Caller, **query: str) -> set[str]:
    return {
        f"{row['namespace']}/{row['name']}" for row in rows(caller.get("/service-accounts/", query))
    }


def test_people_see_the_accounts_of_their_namespaces(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person, adam: Person
) -> None:
    assert names(Caller(owner)) == {"shop/default", "shop/web"}
    assert names(Caller(stranger)) == {"payments/api"}
    assert names(Caller(adam)) == {"shop/default", "shop/web", "payments/api"}
    assert names(Caller(adam), cluster="main", namespace="payments") == {"payments/api"}
    assert names(Caller(owner), namespace="payments") == set()


def test_what_is_gone_is_not_listed(shop: Namespace, owner: Person) -> None:
    make.gone(ServiceAccount.objects.get(name="web"))
    assert names(Caller(owner)) == {"shop/default"}
    make.gone(shop)
    assert names(Caller(owner)) == set()


def test_a_list_costs_the_same_for_two_accounts_and_for_twenty(
    shop: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(owner)
    caller.get("/service-accounts/")
    # The token with its person, standing, service accounts.
    with django_assert_num_queries(3):
        names(caller)
    for number in range(18):
        make.service_account(shop, f"a{number}")
    with django_assert_num_queries(3):
        assert len(names(caller)) == 20
