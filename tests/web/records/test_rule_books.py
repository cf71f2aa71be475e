"""The pages of rule books: admins work on them, auditors read them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egress.domain.lifecycle import RequestStatus
from egress.models import Namespace, Person, Request, RuleBook
from egress.services import rule_book
from tests import factories as make
from tests.services.rules import put_in_force, rule
from tests.web.browsing import body, get, inline_code, post, signed_in, words

pytestmark = pytest.mark.django_db


def draft(who: Person, text: str = "rules: []") -> RuleBook:
    return rule_book.draft(text=text, actor=make.actor(who))


def test_from_a_draft_to_the_rule_book_in_force(adam: Person) -> None:
    eva = make.admin("eva")
    assert "No rule books yet" in words(get(adam, "rule-books"))
    assert post(adam, "rule-book-new").status_code == 302
    assert post(adam, "rule-book", 1, data={"text": rule()}).status_code == 302
    assert post(adam, "rule-book-propose", 1).status_code == 302
    assert "waits for an admin who neither wrote" in words(get(adam, "rule-book", 1))
    page = get(eva, "rule-book", 1)
    digest = page.context["book"].digest
    assert "no rule book" in body(page), "the difference is shown"
    assert inline_code(body(page)) == []
    assert post(eva, "rule-book-force", 1, data={"digest": digest}).status_code == 302
    assert RuleBook.objects.get().state == "in-force"
    assert "In force" in words(get(adam, "rule-books"))


def test_problems_stand_below_their_line(adam: Person) -> None:
    book = draft(adam, "rules:\n  - name: one\n    then: {allow: 5}\n")
    page = get(adam, "rule-book", book.number)
    assert "line 3: rules[0].then" in words(page)
    assert "It can be proposed once its problems are gone." in words(page)
    refused = post(adam, "rule-book-propose", book.number)
    assert (refused.status_code, "It was not proposed" in words(refused)) == (422, True)


def test_what_was_typed_is_kept(adam: Person) -> None:
    book = draft(adam)
    page = post(adam, "rule-book", book.number, data={"text": "rules: []\0"})
    assert page.status_code == 422
    page = post(adam, "rule-book-reject", book.number, data={"note": ""})
    assert (page.status_code, "is empty. Fill it in." in words(page)) == (422, True)


def test_the_one_who_wrote_it_cannot_put_it_in_force(adam: Person) -> None:
    book = rule_book.propose(book=draft(adam), actor=make.actor(adam))
    digest = {"digest": book.digest}
    assert post(adam, "rule-book-force", book.number, data=digest).status_code == 403
    eva = make.admin("eva")
    moved = post(eva, "rule-book-force", book.number, data={"digest": "0" * 64})
    assert (moved.status_code, "not what you read" in words(moved)) == (409, True)


def test_others_get_nowhere(adam: Person, olga: Person, owner: Person, alice: Person) -> None:
    book = draft(adam)
    assert get(olga, "rule-book", book.number).status_code == 200
    assert post(olga, "rule-book", book.number, data={"text": "x"}).status_code == 403
    for who in (owner, alice):
        assert get(who, "rule-books").status_code == 403
        assert get(who, "rule-book", book.number).status_code == 403
    for who in (owner, alice, olga):
        assert post(who, "rule-book-new").status_code == 403
        assert post(who, "rule-book-reject", book.number, data={"note": "x"}).status_code == 403
    assert get(adam, "rule-book", 99).status_code == 404
    assert get(adam, "rule-book", 10**12).status_code == 404


def test_a_replay_shows_what_would_have_ended_differently(
    adam: Person, shop: Namespace, owner: Person
) -> None:
    make.request(shop, owner, "a.example.com", status=RequestStatus.DENIED)
    make.request(shop, owner, "b.example.net", status=RequestStatus.APPROVED)
    book = draft(adam, rule())
    client = signed_in(adam)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(reverse("rule-book", args=[book.number]) + "?replay=1")
    assert len(captured) <= 12
    said = words(page)
    assert "2 requests looked at, 1 would have ended differently" in said
    assert "approve automatically (differs)" in said
    assert "unchanged: 1" in said


def test_a_replay_says_that_nothing_differs_only_of_what_people_decided(
    adam: Person, shop: Namespace, owner: Person
) -> None:
    book, nothing = draft(adam, "rules: []"), "Nothing would have been different"
    address = reverse("rule-book", args=[book.number]) + "?replay=1"
    said = words(signed_in(adam).get(address))
    assert nothing not in said
    assert "no request of that time is decided" in said
    made = make.request(shop, owner, status=RequestStatus.APPROVED)
    assert nothing in words(signed_in(adam).get(address))
    Request.objects.filter(pk=made.pk).update(decided_by="rule book v1: only")
    said = words(signed_in(adam).get(address))
    assert nothing not in said
    assert "people would decide (differs)" in said


def test_the_pages_of_a_request_name_the_rule(shop: Namespace, owner: Person, mate: Person) -> None:
    put_in_force(rule(then="require: {approvals: 1}"))
    made = make.request(shop, owner)
    page = words(get(mate, "request", made.pk))
    assert 'Rule "only" of rule book v1 requires 1 approval' in page
