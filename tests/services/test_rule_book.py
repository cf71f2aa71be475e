"""Rule books: two admins, no way around, and nothing is ever lost."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from egress.models import AuditEvent, CatalogueEntry, Person, Role, RuleBook
from egress.selectors.rule_book import book_in_force
from egress.services import rule_book
from egress.services.errors import Conflict, NotAllowed, Refused
from tests import factories as make
from tests.services.rules import confirm, put_in_force, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def eva(db: None) -> Person:
    """Another admin."""
    return make.admin("eva")


def drafted(who: Person, text: str = "rules: []") -> RuleBook:
    return rule_book.draft(text=text, actor=make.actor(who))


def proposed(who: Person, text: str = "rules: []") -> RuleBook:
    return rule_book.propose(book=drafted(who, text), actor=make.actor(who))


def test_a_second_admin_puts_a_proposal_in_force(adam: Person, eva: Person) -> None:
    confirm(proposed(adam), eva)
    now = book_in_force()
    assert now is not None
    assert (now.number, now.state, now.decided_by) == (1, "in-force", eva)
    tags = list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))
    assert tags == ["rule-book:drafted", "rule-book:proposed", "rule-book:put-in-force"]


def test_neither_author_nor_proposer_puts_it_in_force(adam: Person, eva: Person) -> None:
    book = rule_book.propose(book=drafted(adam), actor=make.actor(eva))
    for who in (adam, eva):
        with pytest.raises(NotAllowed):
            confirm(book, who)
    assert book_in_force() is None


def test_who_lost_the_role_at_the_provider_puts_nothing_in_force(
    adam: Person, eva: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, book = drafted(adam), proposed(adam)

    def without_the_group(person: Person) -> None:
        person.roles.all().delete()

    monkeypatch.setattr("egress.services.sign_in.refresh_claims", without_the_group)
    with pytest.raises(NotAllowed):
        confirm(book, eva)
    make.role(eva, Role.ADMIN)
    with pytest.raises(NotAllowed):
        rule_book.propose(book=draft, actor=make.actor(eva))
    assert book_in_force() is None
    assert RuleBook.objects.get(pk=draft.pk).state == "draft"


def test_only_admins_write_rule_books(owner: Person, alice: Person, olga: Person) -> None:
    for who in (owner, alice, olga):
        with pytest.raises(NotAllowed):
            drafted(who)


def test_a_change_makes_a_proposal_void(adam: Person, eva: Person) -> None:
    book = proposed(adam)
    rule_book.change(book=book, text=rule(), actor=make.actor(adam))
    with pytest.raises(Conflict):
        confirm(book, eva)
    with pytest.raises(NotAllowed):
        rule_book.change(book=book, text="rules: []", actor=make.actor(eva))


def test_what_was_not_read_is_not_put_in_force(adam: Person, eva: Person) -> None:
    book = proposed(adam)
    RuleBook.objects.filter(pk=book.pk).update(text=rule())
    with pytest.raises(Conflict):
        confirm(book, eva)


def test_going_back_takes_two_admins_as_well(adam: Person, eva: Person) -> None:
    first = confirm(proposed(adam, rule()), eva)
    confirm(proposed(adam), eva)
    first.refresh_from_db()
    assert first.state == "replaced"
    with pytest.raises(Conflict):
        confirm(first, eva)
    again = rule_book.draft(begun_from=first, actor=make.actor(eva))
    assert (again.text, again.begun_from) == (first.text, first)
    confirm(rule_book.propose(book=again, actor=make.actor(eva)), adam)
    assert book_in_force() == again


def test_a_wrong_text_is_kept_as_a_draft_and_never_proposed(adam: Person) -> None:
    book = drafted(adam, "rules: [7]")
    assert rule_book.problems_of(book.text)
    with pytest.raises(Refused) as caught:
        rule_book.propose(book=book, actor=make.actor(adam))
    assert "line 1" in caught.value.fields["text"][0]


def test_a_rejected_version_stays_as_it_is(adam: Person, eva: Person) -> None:
    book = rule_book.reject(book=proposed(adam), actor=make.actor(eva), note="Too wide.")
    assert (book.state, book.note) == ("rejected", "Too wide.")
    with pytest.raises(Conflict):
        rule_book.propose(book=book, actor=make.actor(adam))
    with pytest.raises(Conflict):
        rule_book.reject(book=book, actor=make.actor(adam), note="Again.")


def test_catalogue_entries_are_fixed_when_it_is_proposed(adam: Person) -> None:
    text = rule("catalogue: [registry]")
    with pytest.raises(Refused, match="registry"):
        proposed(adam, text)
    offer = {"host": "api.example.com", "port": 443, "protocol": "TLS", "tls_origination": False}
    entry = CatalogueEntry.objects.create(name="registry", title="R", destinations=[offer])
    book = proposed(adam, text)
    CatalogueEntry.objects.filter(pk=entry.pk).update(destinations=[])
    assert book.catalogue == {"registry": [["api.example.com", 443, "TLS", False]]}


def test_the_database_holds_one_version_in_force_with_a_second_admin(adam: Person) -> None:
    put_in_force("rules: []")
    other = proposed(adam)
    for decider in (make.admin(), adam):
        with pytest.raises(IntegrityError), transaction.atomic():
            RuleBook.objects.filter(pk=other.pk).update(
                state="in-force" if decider != adam else "replaced",
                decided_by=decider,
                decided_at=timezone.now(),
            )
