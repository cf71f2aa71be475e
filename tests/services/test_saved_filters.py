"""Saved filters: what is kept of them, how many, and whose they are."""

import pytest

from egress.models import AuditEvent, Person, SavedFilter
from egress.models.standing import standing_of
from egress.selectors.saved_filters import saved_filters_of
from egress.services.errors import Missing, NotAllowed, Refused
from egress.services.saved_filters import MAX_FILTERS, remove_filter, save_filter
from tests import factories

pytestmark = pytest.mark.django_db


def save(who: Person, name: str, **filters: str) -> SavedFilter:
    return save_filter(actor=factories.actor(who), name=name, filters=filters or {"risk": "warn"})


def why_not(who: Person, name: str, **filters: str) -> dict[str, list[str]]:
    with pytest.raises(Refused) as caught:
        save(who, name, **filters)
    return caught.value.fields


def test_only_what_the_queue_knows_is_kept(alice: Person) -> None:
    saved = save(alice, " Risky ones ", sort="risk", q=" a&b\0 ", after="7", next="//evil.example")
    assert (saved.name, saved.query) == ("Risky ones", "q=a%26b&sort=risk")
    assert len(save(alice, "Long", q="x" * 999).query) == len("q=") + 253
    assert not AuditEvent.objects.exists()


def test_the_same_name_saves_anew(alice: Person) -> None:
    save(alice, "Mine", q="old")
    save(alice, "Mine", q="new")
    assert SavedFilter.objects.get().query == "q=new"


def test_names_are_one_line_that_can_be_shown(alice: Person) -> None:
    for name in ("", "  ", "two\nlines", "hidden\u202e", "n" * 61):
        assert list(why_not(alice, name)) == ["name"]
    assert list(why_not(alice, "Nothing", after="7", q=" ")) == ["filters"]
    assert not SavedFilter.objects.exists()


def test_nobody_has_more_than_twenty_and_others_do_not_count(alice: Person, mate: Person) -> None:
    save(mate, "Of the mate")
    for number in range(MAX_FILTERS):
        save(alice, f"Filter {number}")
    assert why_not(alice, "One more") == {"name": ["You have 20 saved filters. Remove one first."]}
    assert save(alice, "Filter 3", q="changed").query == "q=changed"
    assert saved_filters_of(standing_of(alice)).count() == MAX_FILTERS


def test_people_find_and_remove_their_own_only(alice: Person, mate: Person, adam: Person) -> None:
    saved = save(alice, "Mine")
    for who in (mate, adam):
        assert not saved_filters_of(standing_of(who)).exists()
        with pytest.raises(Missing):
            remove_filter(actor=factories.actor(who), pk=saved.pk)
    assert remove_filter(actor=factories.actor(alice), pk=saved.pk).name == "Mine"
    assert not SavedFilter.objects.exists()


def test_who_left_saves_and_reads_nothing(alice: Person) -> None:
    save(alice, "Mine")
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert not saved_filters_of(standing_of(alice)).exists()
    with pytest.raises(NotAllowed):
        save(alice, "Another")
