"""The list of requests: one's own, or all that one may read."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.models import Namespace, Person, Request
from tests import factories
from tests.web.browsing import body, get, signed_in, words

pytestmark = pytest.mark.django_db


def numbers(page: str) -> list[int]:
    """The requests that are listed, in their order."""
    listed = page.split('aria-label="Requests"')[1]
    return [
        int(part.split('"')[0])
        for part in listed.split('href="/requests/')[1:]
        if part[0].isdigit()
    ]


def test_ones_own_requests_are_listed_newest_first(
    shop: Namespace, payments: Namespace, owner: Person, mate: Person, stranger: Person
) -> None:
    first = factories.request(shop, owner, "a.example.com")
    of_mate = factories.request(shop, mate, "b.example.com")
    hidden = factories.request(payments, stranger, "c.example.com")
    last = factories.request(shop, owner, "d.example.com", "e.example.com")
    page = body(get(owner, "requests"))
    assert numbers(page) == [last.pk, first.pk]
    assert "2 destinations" in page
    everything = body(get(owner, "requests", query="?whose=all"))
    assert numbers(everything) == [last.pk, of_mate.pk, first.pk]
    assert f"mate, Request {of_mate.pk}" in words(get(owner, "requests", query="?whose=all"))
    assert hidden.pk not in numbers(everything)


def test_filters_in_the_address_narrow_the_list(shop: Namespace, owner: Person) -> None:
    search = factories.namespace(shop.cluster, "search", owner="team-shop")
    denied = factories.request(shop, owner, "a.example.com", status=RequestStatus.DENIED)
    other = factories.request(search, owner, "x.example.com", "api.stripe.com")
    for query, found in (
        ("?status=denied", [denied.pk]),
        ("?namespace=search", [other.pk]),
        ("?host=STRIPE", [other.pk]),
        ("?cluster=main&host=example", [other.pk, denied.pk]),
        ("?status=nonsense", []),
        ("?host=nowhere", []),
        ("?namespace=%00", []),
    ):
        answer = get(owner, "requests", query=query)
        assert answer.status_code == 200
        assert numbers(body(answer)) == found, query
    assert "No request passes these filters" in words(get(owner, "requests", query="?host=nowhere"))


def test_an_empty_list_leads_to_the_first_request(owner: Person, shop: Namespace) -> None:
    page = get(owner, "requests")
    assert "You have not asked for anything yet" in words(page)
    assert f'href="{reverse("request-new")}"' in body(page)


def test_long_lists_have_pages_and_cost_the_same_queries(shop: Namespace, owner: Person) -> None:
    def cost() -> int:
        client = signed_in(owner)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("requests"))
        return len(queries)

    factories.request(shop, owner, "a.example.com")
    few = cost()
    now = timezone.now()
    Request.objects.bulk_create(
        Request(
            cluster=shop.cluster,
            requester=owner,
            namespace="shop",
            namespace_uid=shop.uid,
            reason="x",
            created_at=now,
            lapses_at=now + timedelta(days=1),
        )
        for _ in range(60)
    )
    assert cost() == few
    assert few <= 12
    page = body(get(owner, "requests"))
    assert len(numbers(page)) == 50
    older = page.split('rel="next" href="')[1].split('"')[0]
    assert len(numbers(body(get(owner, "requests", query=older)))) == 11
