"""Suggestions below filters and questions: only what one may know of."""

import pytest
from django.test import Client
from django.urls import reverse

from egress.models import Namespace, Person
from tests import factories
from tests.web.records.pages import get, signed_in, text

pytestmark = pytest.mark.django_db


def suggested(who: Person, query: str) -> list[str]:
    page = text(get(who, "suggestions", query=query))
    return [piece.split('"')[0] for piece in page.split('value="')[1:]]


def test_namespaces_that_one_may_see_are_suggested(
    shop: Namespace, payments: Namespace, owner: Person, olga: Person
) -> None:
    assert suggested(owner, "?of=namespaces") == ["shop"]
    assert suggested(olga, "?of=namespaces") == ["payments", "shop"]
    assert suggested(olga, "?of=namespaces&namespace=AY") == ["payments"]
    assert suggested(olga, "?of=namespaces&cluster=elsewhere") == []
    factories.gone(payments)
    assert suggested(olga, "?of=namespaces") == ["shop"]


def test_accounts_are_those_of_the_namespace(
    shop: Namespace, payments: Namespace, owner: Person
) -> None:
    assert suggested(owner, "?of=accounts&namespace=shop") == ["default", "web"]
    assert suggested(owner, "?of=accounts&namespace=Shop&service_account=w") == ["web"]
    assert suggested(owner, "?of=accounts") == []
    assert suggested(owner, "?of=accounts&namespace=payments") == []


def test_hosts_are_those_of_grants_that_one_may_see(
    shop: Namespace, payments: Namespace, owner: Person, olga: Person
) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    factories.grant(shop, owner, "api.stripe.com", 8443)
    factories.grant(payments, host="files.stripe.com")
    assert suggested(owner, "?of=hosts") == ["api.stripe.com"]
    assert suggested(olga, "?of=hosts&host=STRIPE") == ["api.stripe.com", "files.stripe.com"]
    assert suggested(olga, "?of=hosts&namespace=payments") == ["files.stripe.com"]


@pytest.mark.parametrize("query", ["", "?of=people", "?of=hosts&host=%00%25", "?of[]=hosts"])
def test_odd_questions_suggest_nothing(owner: Person, shop: Namespace, query: str) -> None:
    factories.grant(shop, owner)
    assert suggested(owner, query) == []


def test_a_visitor_is_sent_to_sign_in() -> None:
    assert Client().get(reverse("suggestions")).status_code == 302


@pytest.mark.parametrize("page", ["grants", "grants-matrix", "access-check", "access-history"])
def test_the_fields_of_questions_ask_for_them(owner: Person, shop: Namespace, page: str) -> None:
    body = text(signed_in(owner).get(reverse(page)))
    fields = {"namespace": "namespaces", "service_account": "accounts", "host": "hosts"}
    for name, of in fields.items():
        assert f'list="id_{name}_options"' in body
        assert f'<datalist id="id_{name}_options">' in body
        assert f'hx-get="{reverse("suggestions")}?of={of}"' in body
