"""When owners are asked whether they still need a grant, and when it ends without an answer."""

from datetime import datetime, timedelta
from enum import StrEnum

LAST_CALL = timedelta(days=3)
"""So long before the end people are told once more."""

AFTER_LAST_CALL = timedelta(days=1)
"""So long people have at least after they were told once more."""

DEFAULT_CYCLE_DAYS = 180


class Outcome(StrEnum):
    """How the recertification of a grant came to its end."""

    OPEN = ""
    DROPPED = "dropped"
    UNANSWERED = "unanswered"
    GRANT_ENDED = "grant-ended"


def first_due(
    since: datetime, *, cycle_days: int, announced_for: timedelta, now: datetime, number: int
) -> datetime:
    """Return when a grant is due that was activated, or last confirmed, at `since`.

    A cycle later. Where that is too soon to be announced in time, as for grants from before there
    was a cycle, `number` spreads them over one cycle, so that nobody is asked for all on one day.
    """
    due = since + timedelta(days=cycle_days)
    earliest = now + announced_for
    return due if due >= earliest else earliest + timedelta(days=number % cycle_days)


def due_when_announced(due: datetime, *, announced_for: timedelta, now: datetime) -> datetime:
    """Return when a grant ends that is announced now: never before people had their time."""
    return max(due, now + announced_for)
