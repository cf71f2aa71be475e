"""The queue: only what this person may decide, page by page, and decided in place."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egress.models import Grant, Namespace, Person, Request, Risk
from egress.web.paging import ROWS_PER_PAGE
from tests import factories
from tests.web.browsing import HTMX, XSS, body, get, post, signed_in, words

pytestmark = pytest.mark.django_db


def one(request: Request, verdict: str = "approve", **changes: object) -> dict[str, object]:
    form = {"revision": str(request.revision), "verdict": verdict, "approve": ["0"]}
    return {**form, "note": "", "duration": "as-asked", **changes}


def test_the_queue_holds_only_what_the_person_may_decide(
    asked: list[Request], alice: Person, owner: Person, payments: Namespace, stranger: Person
) -> None:
    elsewhere = factories.request(payments, stranger, "api.paypal.com")
    bob = factories.approver("bob", namespaces="payments")
    everything, only_payments, nothing = (words(get(w, "queue")) for w in (alice, bob, owner))
    assert "api0.github.com" in everything
    assert "api.paypal.com" in everything
    assert "api0.github.com" not in only_payments
    assert f"Request {elsewhere.pk} by stranger" in only_payments
    assert "You are not an approver" in nothing


def test_own_requests_are_never_in_the_queue(shop: Namespace, mate: Person) -> None:
    factories.request(shop, mate, "own.example.com")
    page = words(get(mate, "queue"))
    assert "own.example.com" not in page
    assert "Nothing waits for you" in page


def test_a_visitor_is_sent_to_sign_in(asked: list[Request]) -> None:
    for name, args in (("queue", ()), ("queue-row", (asked[0].pk,))):
        assert get(None, name, *args).status_code == 302


def listed(response: Any) -> list[str]:
    """The numbers of the requests on a page of the queue, in order."""
    return re.findall(r'id="queue-(\d+)"', body(response))


def test_filters_and_order_come_from_the_address(
    asked: list[Request], alice: Person, shop: Namespace, owner: Person
) -> None:
    risky = factories.request(shop, owner, "risky.example.com", risk=Risk.REVIEW)

    def found(query: str) -> list[str]:
        return listed(get(alice, "queue", query=query))

    ids = [str(request.pk) for request in asked]
    assert found("?q=api1") == [ids[1]]
    assert found("?q=owner") == [*ids, str(risky.pk)]
    assert found("?risk=review") == [str(risky.pk)]
    assert found("?sort=newest") == [str(risky.pk), *reversed(ids)]
    assert found("?sort=risk")[0] == str(risky.pk)
    assert found("?cluster=other") == []
    assert found("?sort=nonsense&risk=nonsense&after=x.1") == [*ids, str(risky.pk)]
    assert get(alice, "queue", query="?q=%00&cluster=%00").status_code == 200


@pytest.mark.parametrize("order", ["oldest", "newest", "risk"])
def test_each_order_is_walked_through_page_by_page_with_its_filters(
    shop: Namespace, owner: Person, alice: Person, order: str
) -> None:
    wanted = [
        factories.request(shop, owner, reason="Far behind", risk=Risk(number % 4))
        for number in range(2 * ROWS_PER_PAGE + 5)
    ]
    in_order = {
        "oldest": wanted,
        "newest": wanted[::-1],
        "risk": sorted(wanted, key=lambda one: (-one.risk, one.pk)),
    }
    query, found = f"?q=shop&sort={order}", []
    pages = []
    while query:
        pages.append(get(alice, "queue", query=query))
        found += listed(pages[-1])
        following = re.search(r'rel="next" href="/queue(\?[^"]+)"', body(pages[-1]))
        query = following[1].replace("&amp;", "&") if following else ""
    assert found == [str(request.pk) for request in in_order[order]]
    assert len(pages) == 3
    back = re.search(r'rel="prev" href="/queue(\?[^"]+)"', body(pages[-1]))
    assert back is not None
    assert listed(get(alice, "queue", query=back[1].replace("&amp;", "&"))) == listed(pages[1])


def test_a_risk_is_found_behind_any_number_of_other_requests(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    for _ in range(ROWS_PER_PAGE + 1):
        factories.request(shop, owner)
    risky = factories.request(shop, owner, risk=Risk.WARN)
    assert listed(get(alice, "queue", query="?risk=warn")) == [str(risky.pk)]
    assert listed(get(alice, "queue", query="?sort=risk"))[0] == str(risky.pk)


def test_a_page_whose_requests_are_all_decided_shows_the_first_one_instead(
    asked: list[Request], alice: Person
) -> None:
    page = get(alice, "queue", query=f"?sort=newest&after={asked[0].pk}")
    assert listed(page) == [str(request.pk) for request in reversed(asked)]


def test_an_opened_row_shows_reason_findings_change_and_the_form(
    asked: list[Request], alice: Person
) -> None:
    response = get(alice, "queue-row", asked[0].pk, htmx=True)
    page = words(response)
    assert "Reason 0" in page
    assert "kind: ServiceEntry" in page
    assert "What the policies say" in page
    assert 'You may decide because you are an approver for namespace "shop"' in page
    assert 'data-decide="approve"' in body(response)
    assert "<html" not in body(response)


def test_a_row_is_decided_in_place(asked: list[Request], alice: Person) -> None:
    response = post(alice, "queue-row-decide", asked[0].pk, data=one(asked[0]), htmx=True)
    assert response.status_code == 200
    assert f"Request {asked[0].pk} is approved" in words(response)
    assert "is approved" in response["HX-Trigger"]
    count = body(response).split('id="queue-count-wide"')[1]
    assert count.startswith(' hx-swap-oob="true">2<')
    assert Grant.objects.count() == 1


def test_a_denial_in_place_needs_its_reason(asked: list[Request], alice: Person) -> None:
    form = one(asked[0], "deny")
    response = post(alice, "queue-row-decide", asked[0].pk, data=form, htmx=True)
    assert response.status_code == 422
    assert "Say why you deny this" in words(response)
    assert "<details" in body(response)
    assert " open>" in body(response)


def test_a_row_decided_by_somebody_else_is_a_conflict_in_place(
    asked: list[Request], alice: Person, mate: Person
) -> None:
    post(mate, "queue-row-decide", asked[0].pk, data=one(asked[0]), htmx=True)
    response = post(alice, "queue-row-decide", asked[0].pk, data=one(asked[0]), htmx=True)
    assert response.status_code == 409
    assert "approved already" in words(response)
    assert Grant.objects.count() == 1


def test_strangers_and_requesters_find_no_row(
    asked: list[Request], stranger: Person, owner: Person
) -> None:
    for who in (stranger, owner):
        assert get(who, "queue-row", asked[0].pk).status_code == 404
        refused = post(who, "queue-row-decide", asked[0].pk, data=one(asked[0]))
        assert refused.status_code == 404
    assert not Grant.objects.exists()


def test_what_people_wrote_is_escaped(shop: Namespace, owner: Person, alice: Person) -> None:
    row = factories.request(shop, owner, reason=XSS)
    assert XSS not in body(get(alice, "queue", query=f"?q={XSS}"))
    assert XSS not in body(get(alice, "queue-row", row.pk))


def test_the_queue_costs_the_same_queries_however_long_it_is(
    asked: list[Request], alice: Person, shop: Namespace, owner: Person
) -> None:
    def count() -> int:
        client = signed_in(alice)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("queue"), headers=HTMX)
        return len(queries)

    few = count()
    for number in range(20):
        factories.request(shop, owner, f"more{number}.example.com", "x.example.com")
    assert count() == few
    assert few <= 14
