"""Search: one box, and only what the person may see."""

import pytest
from django.urls import reverse

from egress.models import Namespace, Person
from tests import factories
from tests.web.browsing import XSS, body, get, words

pytestmark = pytest.mark.django_db


def test_hosts_and_namespaces_are_found_by_whoever_may_see_them(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    assert "shop may reach api.stripe.com" in words(get(owner, "search", query="?q=STRIPE"))
    assert "Nothing found" in words(get(stranger, "search", query="?q=stripe"))
    assert "main, team team-shop" in words(get(owner, "search", query="?q=sho"))


def test_a_number_leads_to_the_request(shop: Namespace, owner: Person, stranger: Person) -> None:
    asked = factories.request(shop, owner)
    url = reverse("request", args=[asked.pk])
    assert get(owner, "search", query=f"?q=%23{asked.pk}")["Location"] == url
    assert get(stranger, "search", query=f"?q={asked.pk}").status_code == 200


@pytest.mark.parametrize("q", ["", "%00", "²", "9" * 60, "%25_", "' OR 1=1"])
def test_odd_searches_give_a_page(owner: Person, q: str) -> None:
    assert get(owner, "search", query=f"?q={q}").status_code == 200


def test_what_was_searched_is_escaped(owner: Person) -> None:
    assert XSS not in body(get(owner, "search", query=f"?q={XSS}"))


def test_a_visitor_is_sent_to_sign_in() -> None:
    assert get(None, "search").status_code == 302
