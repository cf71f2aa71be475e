"""When one grant let its subject through, from what happened to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mark(StrEnum):
    """What happened to a grant, as far as it opens or closes access."""

    CREATED = "created"
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    LAPSED = "lapsed"
    CONFIRMED = "confirmed"


class Reach(StrEnum):
    """What a grant meant during a period.

    `granted`: decided, and about to be applied. `open`: the cluster carried it. `suspended` and
    `closing`: taken back, but the cluster was not yet seen without it.
    """

    GRANTED = "granted"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSING = "closing"


ENDINGS = frozenset({Mark.EXPIRED, Mark.REVOKED, Mark.LAPSED})
_NEXT = {
    Mark.CREATED: Reach.GRANTED,
    Mark.ACTIVATED: Reach.OPEN,
    Mark.SUSPENDED: Reach.SUSPENDED,
    Mark.RESUMED: Reach.OPEN,
    **dict.fromkeys(ENDINGS, Reach.CLOSING),
}


@dataclass(frozen=True)
class Period:
    """A stretch of time with one meaning. `until` None: it goes on."""

    reach: Reach
    since: datetime
    until: datetime | None = None

    def meets(self, since: datetime, until: datetime) -> bool:
        """Tell whether the period has a moment in common with the span; both ends belong to it."""
        return self.since <= until and (self.until is None or self.until > since)


def periods(marks: Iterable[tuple[Mark, datetime]]) -> list[Period]:
    """Return the periods of one grant, oldest first, without gaps between them.

    `marks` are in the order in which they happened; clocks may disagree with it by seconds.
    Nothing follows a confirmation, nor the lapse of a grant that was never applied: there is
    nothing to take out.
    """
    found: list[Period] = []
    was_open = False
    for mark, at in marks:
        if mark is Mark.CREATED and found:
            continue
        was_open = was_open or mark in (Mark.ACTIVATED, Mark.RESUMED)
        reach = _NEXT.get(mark)
        if mark is Mark.LAPSED and not was_open:
            reach = None
        if found and found[-1].until is None:
            if found[-1].reach is reach:
                continue
            found[-1] = Period(found[-1].reach, found[-1].since, at)
        if reach is not None:
            found.append(Period(reach, at))
    return [period for period in found if period.until is None or period.until > period.since]
