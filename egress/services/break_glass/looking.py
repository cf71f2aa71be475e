"""The second look: somebody independent confirms or ends what was opened; unanswered, it ends.

All follows from the rows: what a crash or another worker interrupts is done by the next round.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from egress import rules
from egress.domain.lifecycle import LIVE_GRANT_STATUSES
from egress.domain.wording import quoted
from egress.models import BreakGlass, Grant, Request
from egress.models.standing import Standing
from egress.selectors.break_glass import kept_in_words, renewed_by_people
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.grants import end_all
from egress.services.one_by_one import do_each
from egress.services.requests.openings import hold_cluster
from egress.services.sign_in import before_deciding

AT_ONCE = 500
SECOND_LOOK = Actor.system("second look")
CONFIRMED = "Confirmed what was opened by break-glass; it ends as it was opened."


class Look(StrEnum):
    """What somebody says who looks at an opening."""

    CONFIRM = "confirm"
    END = "end"


def look(*, request: Request, actor: Actor, says: Look | str, note: str = "") -> BreakGlass:
    """Give the second look at what was opened by break-glass; return the opening as it is then.

    Confirming lets the grants last as long as they were opened for; ending ends them now, and
    needs a note. A grant that people renewed with an ordinary approval rests on that, and stays.

    Raises Missing; NotAllowed for who opened it, who asked for it, and everybody who could not
    approve all of it by a scope; Refused for an answer or a note that cannot be accepted;
    Conflict when it was answered already, or is confirmed too late.
    """
    before_deciding(actor)
    answer = _answer(says)
    text = guards.require_text(
        note, field="note", what="The note", limit=2000, required=answer is Look.END
    )
    with transaction.atomic():
        opening = _opening(request.pk, guards.standing_of_actor(actor))
        hold_cluster(opening.request.cluster_id)
        now = timezone.now()
        _claim(opening, answer, actor, text, now)
        if answer is Look.END:
            ended, kept = _end(opening, actor, text, now)
            message = _what_was_ended(ended, kept)
        else:
            ended, kept, message = [], {}, CONFIRMED
        looked = _entry(Tag.BREAK_GLASS_LOOKED, opening, actor, message, now, text, kept)
        audit.record_all([looked, *ended])
        return opening


def lapse_unlooked(*, now: datetime) -> int:
    """End what nobody looked at in time; return how many openings there were.

    An opening whose grants ended by themselves lapses, too, for the record.
    """
    overdue = BreakGlass.objects.filter(outcome=BreakGlass.Outcome.PENDING, look_by__lte=now)
    pks = list(overdue.order_by("look_by", "pk").values_list("pk", flat=True)[:AT_ONCE])
    return do_each(pks, lambda pk: _lapse(pk, now))


def _answer(says: Look | str) -> Look:
    try:
        return Look(says)
    except ValueError:
        problem = f'{quoted(says)} is no answer. Give "confirm" or "end".'
        raise Refused(problem, reason="InputNotUnderstood", fields={"says": [problem]}) from None


def _opening(request: int, standing: Standing) -> BreakGlass:
    """Return the opening of a request as it is now. Raises Missing and NotAllowed."""
    stored = guards.fresh_request(request, standing)
    opening = BreakGlass.objects.filter(request=stored).select_related("opened_by").first()
    if opening is None:
        raise Missing(f"Request #{request} was not opened by break-glass.")
    opening.request = stored
    if not rules.may_look(standing, opening):
        raise NotAllowed(_why_not(standing, opening), reason="NoSecondLook")
    return opening


def _why_not(standing: Standing, opening: BreakGlass) -> str:
    if opening.opened_by_id == standing.person_id:
        return "You opened this yourself, so somebody else has to look at it."
    if opening.request.requester_id == standing.person_id:
        return "You asked for this yourself, so somebody else has to look at it."
    return (
        "The second look is for independent approvers whose scope covers everything that was "
        "opened. Ask one of them."
    )


def _claim(opening: BreakGlass, answer: Look, actor: Actor, note: str, now: datetime) -> None:
    """Note the answer as the only one. Raises Conflict when there is one, or it comes too late."""
    late = answer is Look.CONFIRM and opening.look_by <= now
    if opening.is_awaited and late:
        raise Conflict(
            "The time for the second look is over, so this is being ended. Ask for the access "
            "anew.",
            reason="LookedTooLate",
        )
    outcomes = BreakGlass.Outcome
    outcome = outcomes.CONFIRMED if answer is Look.CONFIRM else outcomes.ENDED
    said = {
        "outcome": outcome,
        "looked_by": guards.person_of(actor),
        "looked_at": now,
        "note": note,
    }
    awaited = BreakGlass.objects.filter(pk=opening.pk, outcome=outcomes.PENDING)
    if awaited.update(**said) != 1:
        raise Conflict(
            "Somebody gave the second look already, or it was ended unanswered. Read it again.",
            reason="LookedAlready",
        )
    for name, value in said.items():
        setattr(opening, name, value)


@transaction.atomic
def _lapse(pk: int, now: datetime) -> bool:
    opening = BreakGlass.objects.select_related("request__cluster").get(pk=pk)
    hold_cluster(opening.request.cluster_id)
    outcomes = BreakGlass.Outcome
    awaited = BreakGlass.objects.filter(pk=pk, outcome=outcomes.PENDING, look_by__lte=now)
    if awaited.update(outcome=outcomes.LAPSED, looked_at=now) != 1:
        return False
    ended, kept = _end(opening, SECOND_LOOK, "Nobody gave the second look in time.", now)
    message = _what_lapsed(ended, kept)
    lapsed = _entry(Tag.BREAK_GLASS_LAPSED, opening, SECOND_LOOK, message, now, kept=kept)
    audit.record_all([lapsed, *ended])
    return True


def _end(
    opening: BreakGlass, actor: Actor, why: str, now: datetime
) -> tuple[list[Entry], dict[int, int]]:
    """End what still rests on the opening alone; return the events, and what people renewed."""
    kept = renewed_by_people(opening.request_id)
    rest = Grant.objects.filter(
        request=opening.request_id, status__in=sorted(LIVE_GRANT_STATUSES)
    ).exclude(pk__in=kept)
    grants = rest.select_related("cluster", "request").order_by("pk")
    return end_all(grants=list(grants), actor=actor, reason=why, now=now), kept


def _what_was_ended(ended: Sequence[Entry], kept: Mapping[int, int]) -> str:
    if not kept:
        return "Ended what was opened by break-glass."
    if ended:
        return f"Ended what rested on break-glass alone. {kept_in_words(kept)}"
    return f"Nothing rested on break-glass alone, so nothing was ended. {kept_in_words(kept)}"


def _what_lapsed(ended: Sequence[Entry], kept: Mapping[int, int]) -> str:
    said = "Nobody gave the second look in time"
    if not ended and not kept:
        return f"{said}; nothing of it was open any more."
    so = ", so the access was ended" if ended else ""
    return f"{said}{so}. {kept_in_words(kept)}".rstrip()


def _entry(
    tag: Tag,
    opening: BreakGlass,
    actor: Actor,
    message: str,
    now: datetime,
    note: str = "",
    kept: Mapping[int, int] | None = None,
) -> Entry:
    request = opening.request
    return Entry(
        tag=tag,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=message,
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={
            "note": note,
            "outcome": str(opening.outcome) if tag is Tag.BREAK_GLASS_LOOKED else "lapsed",
            "opened_at": opening.opened_at,
            "look_by": opening.look_by,
            **({"kept": sorted(kept), "renewals": sorted(kept.values())} if kept else {}),
        },
        at=now,
    )
