"""Filters of the queue under a name: saved, pressed and removed, by their owner only."""

from typing import Any

import pytest
from django.urls import reverse

from egress.models import Person, Request, SavedFilter
from egress.services.saved_filters import MAX_FILTERS
from tests.web.browsing import XSS, body, get, post, signed_in, words

pytestmark = pytest.mark.django_db


def save(who: Person, name: str, filters: str = "risk=review&sort=risk") -> Any:
    return post(who, "queue-filter-save", data={"name": name, "filters": filters})


def test_filters_in_use_are_saved_and_pressed_again(asked: list[Request], alice: Person) -> None:
    assert "Save these filters" not in words(get(alice, "queue"))
    assert "Save these filters" in words(get(alice, "queue", query="?q=api1"))
    saved = save(alice, " Two needed ", "risk=review&after=12&sort=risk")
    assert saved["Location"] == reverse("queue") + "?risk=review&after=12&sort=risk"
    page = body(get(alice, "queue"))
    assert 'href="/queue?risk=review&amp;sort=risk">' in page
    assert "Two needed" in page
    pressed = body(get(alice, "queue", query="?risk=review&sort=risk"))
    assert 'href="/queue?risk=review&amp;sort=risk" aria-current="true">' in pressed


def test_a_name_that_is_refused_stands_there_again_with_the_sentence(
    asked: list[Request], alice: Person
) -> None:
    for name, sentence in (("", "Give the filters a name."), ("n" * 61, "at most 60")):
        answer = save(alice, name, "q=api1")
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert f'value="{name}"' in body(answer)
        assert 'name="q" value="api1"' in body(answer)
    assert "there is nothing to save yet" in words(save(alice, "All", "after=3&x=y"))
    assert not SavedFilter.objects.exists()


def test_a_name_is_shown_as_it_is_and_not_as_markup(asked: list[Request], alice: Person) -> None:
    save(alice, XSS[:60])
    page = get(alice, "queue")
    assert XSS in words(page)
    assert XSS not in body(page)


def test_a_saved_filter_is_removed_by_its_owner_only(
    asked: list[Request], alice: Person, mate: Person, adam: Person
) -> None:
    save(alice, "Mine")
    pk = SavedFilter.objects.get().pk
    assert "Mine" not in words(get(mate, "queue"))
    for who in (mate, adam):
        assert post(who, "queue-filter-remove", pk).status_code == 404
    removed = post(alice, "queue-filter-remove", pk, data={"filters": "q=api"})
    assert removed["Location"] == reverse("queue") + "?q=api"
    assert not SavedFilter.objects.exists()


def test_a_visitor_saves_nothing_and_every_form_needs_the_token(alice: Person) -> None:
    for name, args in (("queue-filter-save", ()), ("queue-filter-remove", (1,))):
        assert post(None, name, *args).status_code == 302
        client = signed_in(alice, enforce_csrf_checks=True)
        assert client.post(reverse(name, args=args)).status_code == 403


def test_the_queue_with_all_its_saved_filters_asks_no_more_often(
    asked: list[Request], alice: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(MAX_FILTERS):
        save(alice, f"Filter {number}")
    client = signed_in(alice)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("queue")).status_code == 200
