"""The queue: only what this person may decide, decided in place or several at once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egress.domain.lifecycle import RequestStatus
from egress.models import Grant, Namespace, Person, Request
from egress.services import requests as service
from tests import factories
from tests.web.browsing import HTMX, XSS, body, get, post, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(shop: Namespace, owner: Person, alice: Person) -> list[Request]:
    """Three pending requests of the owner."""
    drafts = [factories.draft(shop, f"api{n}.github.com", reason=f"Reason {n}") for n in range(3)]
    return [service.submit(draft=draft, actor=factories.actor(owner)) for draft in drafts]


def one(request: Request, verdict: str = "approve", **changes: object) -> dict[str, object]:
    form = {"revision": str(request.revision), "verdict": verdict, "approve": ["0"]}
    return {**form, "note": "", "duration": "as-asked", **changes}


def decide_together(who: Person, *chosen: str, **data: object) -> Any:
    form = {"selected": list(chosen), "verdict": "approve", "note": "", **data}
    return signed_in(who).post(reverse("queue-decide"), form, follow=True)


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


def test_filters_and_order_come_from_the_address(
    asked: list[Request], alice: Person, shop: Namespace, owner: Person
) -> None:
    risky = factories.request(shop, owner, "risky.example.com")
    risky.findings = [{"reason": "X", "message": "m", "level": "review", "field": ""}]
    risky.save()

    def found(query: str) -> list[str]:
        page = body(get(alice, "queue", query=query))
        return [piece.split('"')[0] for piece in page.split('id="queue-')[1:] if piece[0].isdigit()]

    ids = [str(request.pk) for request in asked]
    assert found("?q=api1") == [ids[1]]
    assert found("?q=owner") == [*ids, str(risky.pk)]
    assert found("?risk=review") == [str(risky.pk)]
    assert found("?sort=newest") == [str(risky.pk), *reversed(ids)]
    assert found("?sort=risk")[0] == str(risky.pk)
    assert found("?cluster=other") == []
    assert found("?sort=nonsense&risk=nonsense") == [*ids, str(risky.pk)]
    assert get(alice, "queue", query="?q=%00&cluster=%00").status_code == 200


def test_an_opened_row_shows_reason_findings_change_and_the_form(
    asked: list[Request], alice: Person
) -> None:
    response = get(alice, "queue-row", asked[0].pk, htmx=True)
    page = words(response)
    assert "Reason 0" in page
    assert "kind: ServiceEntry" in page
    assert "What the policies say" in page
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


def test_several_are_approved_together_each_with_its_own_answer(
    asked: list[Request], alice: Person, mate: Person
) -> None:
    post(mate, "request-decide", asked[2].pk, data=one(asked[2], "deny", note="No."))
    page = words(decide_together(alice, *(f"{r.pk}:{r.revision}" for r in asked)))
    assert f"Request {asked[0].pk} is approved" in page
    assert f"Request {asked[1].pk} is approved" in page
    assert f"Request {asked[2].pk}: Request {asked[2].pk} is denied already." in page
    assert Grant.objects.count() == 2


def test_several_are_denied_together_only_with_a_reason(
    asked: list[Request], alice: Person
) -> None:
    chosen = [f"{r.pk}:{r.revision}" for r in asked[:2]]
    assert "Say why you deny this" in words(decide_together(alice, *chosen, verdict="deny"))
    decide_together(alice, *chosen, verdict="deny", note="Use the proxy.")
    assert Request.objects.filter(status=RequestStatus.DENIED).count() == 2


def test_an_older_revision_among_the_selected_is_not_decided(
    asked: list[Request], alice: Person
) -> None:
    Request.objects.filter(pk=asked[0].pk).update(revision=2)
    page = words(decide_together(alice, f"{asked[0].pk}:1"))
    assert "edited meanwhile" in page
    assert not Grant.objects.exists()


@pytest.mark.parametrize("chosen", ["", "x", "1:x", "999999:1", "9" * 40, "\0:1", "²:1"])
def test_a_selection_made_by_hand_decides_nothing(
    asked: list[Request], alice: Person, chosen: str
) -> None:
    assert decide_together(alice, chosen).status_code == 200
    assert not Grant.objects.exists()


def test_deciding_together_needs_the_token_and_goes_back_to_the_filters(
    asked: list[Request], alice: Person
) -> None:
    client = signed_in(alice, enforce_csrf_checks=True)
    assert client.post(reverse("queue-decide"), {"selected": "1:1"}).status_code == 403
    answer = signed_in(alice).post(reverse("queue-decide"), {"filters": "q=api&sort=newest"})
    assert answer["Location"] == reverse("queue") + "?q=api&sort=newest"


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
