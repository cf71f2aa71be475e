"""Search: one box, and only what the person may see."""

from typing import Any

import pytest
from django.urls import reverse

from egress.models import CatalogueEntry, ForeignObject, Namespace, Person
from tests import factories
from tests.web.browsing import XSS, body, get, signed_in, words

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


def test_people_teams_presets_and_foreign_objects_are_found_by_whoever_may_know_them(
    shop: Namespace, payments: Namespace, adam: Person, owner: Person
) -> None:
    factories.person("stripe-fan", first_name="Fan", last_name="Of")
    factories.team("stripe-team")
    CatalogueEntry.objects.create(
        name="cards", title="Card payments", destinations=[{"host": "api.stripe.com"}]
    )
    for number, namespace in enumerate((shop, payments)):
        ForeignObject.objects.create(
            cluster=shop.cluster,
            kind="ServiceEntry",
            namespace=namespace.name,
            name=f"stripe-{number}",
            uid=str(number),
            search=f"stripe-{number}",
        )
    page = words(get(adam, "search", query="?q=stripe"))
    for found in ("stripe-fan Person, Fan Of", "stripe-team Team", "Card payments Preset"):
        assert found in page
    assert "stripe-0 Foreign object in cluster main" in page
    assert "stripe-1 Foreign object" in page
    page = words(get(owner, "search", query="?q=stripe"))
    assert "Card payments Preset" in page
    assert "stripe-0 Foreign object" in page
    for hidden in ("stripe-fan", "stripe-team", "stripe-1"):
        assert hidden not in page


def test_all_that_was_found_by_host_is_one_press_away(shop: Namespace, owner: Person) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    page = body(get(owner, "search", query="?q=api.stripe"))
    assert f'href="{reverse("grants")}?status=all&amp;host=api.stripe"' in page
    assert f'href="{reverse("requests")}?whose=all&amp;host=api.stripe"' in page


def test_a_search_costs_few_queries(
    shop: Namespace, owner: Person, adam: Person, django_assert_max_num_queries: Any
) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    client = signed_in(adam)
    with django_assert_max_num_queries(12):
        client.get(f"{reverse('search')}?q=s")


@pytest.mark.parametrize("q", ["", "%00", "²", "9" * 60, "%25_", "' OR 1=1"])
def test_odd_searches_give_a_page(owner: Person, q: str) -> None:
    assert get(owner, "search", query=f"?q={q}").status_code == 200


def test_what_was_searched_is_escaped(owner: Person) -> None:
    assert XSS not in body(get(owner, "search", query=f"?q={XSS}"))


def test_a_visitor_is_sent_to_sign_in() -> None:
    assert get(None, "search").status_code == 302
