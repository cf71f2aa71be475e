"""Rule books: drafted, proposed, put in force by a second admin, and never deleted."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from egress.domain.rule_book import MAX_CHARACTERS, Problem, RuleBookError, parse_rule_book
from egress.domain.wording import listed, quoted
from egress.models import Person, RuleBook
from egress.selectors.rule_book import (
    all_rule_books,
    book_in_force,
    catalogue_now,
    digest_of,
)
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.sign_in import before_deciding

State = RuleBook.State
FIRST = "rules: []\n"
"""What the very first draft begins with."""
_SHOWN_PROBLEMS = 20


@transaction.atomic
def draft(*, actor: Actor, text: str | None = None, begun_from: RuleBook | None = None) -> RuleBook:
    """Begin a new version; admins may. Going back to an older one begins from that.

    Without a text it begins with that of `begun_from`, of the version in force, or without rules.
    Raises NotAllowed, Missing, and Refused for a text that cannot be kept.
    """
    person = _turn(actor)
    source = _fresh(begun_from) if begun_from else book_in_force()
    begins_with = source.text if source else FIRST
    kept = _keepable(begins_with if text is None else text)
    last = RuleBook.objects.aggregate(last=Max("number"))["last"] or 0
    stored = RuleBook.objects.create(
        number=last + 1, text=kept, author=person, begun_from=source, created_at=timezone.now()
    )
    begun = f" from v{source.number}" if source else ""
    _record(stored, Tag.RULE_BOOK_DRAFTED, actor, f"Began rule book {stored}{begun}.")
    return stored


@transaction.atomic
def change(*, book: RuleBook, text: str, actor: Actor) -> RuleBook:
    """Change the text of a draft; only its author may. A proposal of it is void then.

    Raises NotAllowed, Missing, Refused for a text that cannot be kept, and Conflict when it is
    decided.
    """
    person = _turn(actor)
    stored = _open(book)
    if stored.author_id != person.pk:
        raise NotAllowed(
            f"Only {stored.author} may change {stored}. Begin a draft of your own from it.",
            reason="NotTheAuthor",
        )
    before, voided = digest_of(stored), stored.state == State.PROPOSED
    stored.text = _keepable(text)
    stored.state, stored.edited_at = State.DRAFT, timezone.now()
    stored.proposed_by, stored.proposed_at = None, None
    stored.digest, stored.catalogue = "", {}
    stored.save()
    also = ", and its proposal is void" if voided else ""
    message = f"Changed rule book {stored}{also}."
    _record(stored, Tag.RULE_BOOK_CHANGED, actor, message, before=before)
    return stored


def propose(*, book: RuleBook, actor: Actor) -> RuleBook:
    """Propose a draft to the other admins; admins may.

    From now on its text and the catalogue entries it names are fixed. Raises NotAllowed, Missing,
    Refused with all problems of the text, Conflict when it is no draft any more, and Unavailable
    when the actor's provider cannot be asked.
    """
    before_deciding(actor)
    with transaction.atomic():
        return _propose(book, actor)


def _propose(book: RuleBook, actor: Actor) -> RuleBook:
    person = _turn(actor)
    stored = _open(book)
    if stored.state != State.DRAFT:
        raise Conflict(f"Rule book {stored} is proposed already.", reason="AlreadyProposed")
    stored.catalogue = _catalogue_of(stored.text)
    stored.digest = digest_of(stored)
    stored.state = State.PROPOSED
    stored.proposed_by, stored.proposed_at = person, timezone.now()
    stored.save()
    _record(stored, Tag.RULE_BOOK_PROPOSED, actor, f"Proposed rule book {stored}.")
    return stored


def put_in_force(*, book: RuleBook, digest: str, actor: Actor, note: str = "") -> RuleBook:
    """Put a proposed version in force, in place of the one that is; a second admin may.

    `digest` is that of the version the admin read. Neither its author nor who proposed it may.
    Raises NotAllowed, Missing, Refused, Conflict when it is not proposed, or not what was read, and
    Unavailable when the actor's provider cannot be asked.
    """
    before_deciding(actor)
    with transaction.atomic():
        return _put_in_force(book, digest, actor, note)


def _put_in_force(book: RuleBook, digest: str, actor: Actor, note: str) -> RuleBook:
    person = _turn(actor)
    stored = _proposed(book)
    if person.pk in (stored.author_id, stored.proposed_by_id):
        raise NotAllowed(
            f"You wrote or proposed {stored}, so another admin has to put it in force.",
            reason="OwnRuleBook",
        )
    if not stored.digest or digest != stored.digest or digest_of(stored) != stored.digest:
        raise Conflict(
            f"Rule book {stored} is not what you read. Read it again.", reason="RuleBookMoved"
        )
    refuse_wrong(stored.text)
    text, now = _note(note), timezone.now()
    replaced = book_in_force()
    RuleBook.objects.filter(state=State.IN_FORCE).update(state=State.REPLACED)
    _decide(stored, State.IN_FORCE, person, text, now)
    instead = f" in place of {replaced}" if replaced else ""
    _record(
        stored,
        Tag.RULE_BOOK_PUT_IN_FORCE,
        actor,
        f"Put rule book {stored} in force{instead}.",
        replaced=replaced.number if replaced else None,
    )
    return stored


@transaction.atomic
def reject(*, book: RuleBook, actor: Actor, note: str) -> RuleBook:
    """Reject a draft or a proposal for good, with a reason; admins may, its author as well.

    Raises NotAllowed, Missing, Refused without a reason, and Conflict when it is decided.
    """
    person = _turn(actor)
    stored = _open(book)
    text = _note(note, required=True)
    _decide(stored, State.REJECTED, person, text, timezone.now())
    _record(stored, Tag.RULE_BOOK_REJECTED, actor, f"Rejected rule book {stored}.")
    return stored


def problems_of(text: str) -> tuple[Problem, ...]:
    """Return everything that is wrong with a text, in its order, with lines."""
    try:
        parse_rule_book(text)
    except RuleBookError as error:
        return error.problems
    return ()


def refuse_wrong(text: str) -> None:
    """Raise Refused when a text is wrong, with all that is wrong at `text`."""
    found = problems_of(text)
    if found:
        said = [str(problem) for problem in found[:_SHOWN_PROBLEMS]]
        raise Refused(said[0], reason="RuleBookWrong", fields={"text": said})


def _turn(actor: Actor) -> Person:
    # Versions are decided one after the other, by those who are admins at that moment.
    audit.take_turn()
    guards.require_admin(actor)
    return guards.person_of(actor)


def _fresh(book: RuleBook) -> RuleBook:
    stored = all_rule_books().filter(pk=book.pk).first()
    if stored is None:
        raise Missing("There is no such rule book. Look at the list of rule books.")
    return stored


def _open(book: RuleBook) -> RuleBook:
    stored = _fresh(book)
    if not stored.is_open:
        raise Conflict(
            f"Rule book {stored} is {stored.get_state_display().lower()}, so it stays as it is. "
            "Begin a draft from it.",
            reason="RuleBookDecided",
        )
    return stored


def _proposed(book: RuleBook) -> RuleBook:
    stored = _open(book)
    if stored.state != State.PROPOSED:
        raise Conflict(
            f"Rule book {stored} is not proposed. Propose it first.", reason="NotProposed"
        )
    return stored


def _decide(
    stored: RuleBook, state: RuleBook.State, person: Person, note: str, now: datetime
) -> None:
    stored.state, stored.note = state, note
    stored.decided_by, stored.decided_at = person, now
    try:
        # A savepoint: PostgreSQL answers nothing after a failed statement otherwise.
        with transaction.atomic():
            stored.save()
    except IntegrityError as error:
        raise Conflict(
            "Another version was put in force meanwhile. Look again.", reason="RuleBookMoved"
        ) from error


def _keepable(text: str) -> str:
    """Return a text as it is kept, wrong rules and all. Raises Refused when no row can hold it."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    problem = ""
    if len(kept) > MAX_CHARACTERS:
        problem = f"The text has more than {MAX_CHARACTERS} characters. Shorten it."
    elif "\0" in kept or kept.encode("utf-8", "replace").decode() != kept:
        problem = "The text holds characters that no rule book needs. Type it as plain text."
    if problem:
        raise Refused(problem, reason="TextNotAccepted", fields={"text": [problem]})
    return kept


def _note(note: str, *, required: bool = False) -> str:
    return guards.require_text(note, field="note", what="The note", limit=2000, required=required)


def _catalogue_of(text: str) -> dict[str, Any]:
    """Return the catalogue entries that rules name, as they are. Raises Refused."""
    refuse_wrong(text)
    wanted = parse_rule_book(text).catalogue
    found = catalogue_now(wanted)
    if missing := sorted(wanted - found.keys()):
        sentence = (
            f"The catalogue has no {listed([quoted(name) for name in missing])}. Correct the name, "
            "or add the entry first."
        )
        raise Refused(sentence, reason="EntryUnknown", fields={"text": [sentence]})
    return found


def _record(stored: RuleBook, tag: Tag, actor: Actor, message: str, **more: object) -> None:
    audit.record(
        tag=tag,
        actor=actor,
        target="rule-book",
        target_id=stored.pk,
        message=message,
        data={
            "number": stored.number,
            "state": stored.state,
            "author": stored.author.username,
            "digest": digest_of(stored),
            "note": stored.note,
            **more,
        },
    )
