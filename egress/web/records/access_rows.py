"""What the access history says of each grant: sentences for people, records for files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import QuerySet

from egress.domain.exports import Cell
from egress.domain.history import Period, Reach
from egress.models import Grant
from egress.selectors.access_history import Question, Reached, reached
from egress.selectors.requests import TimelineEntry, entry_of
from egress.web.paging import every

COLUMNS = (
    *("grant", "cluster", "namespace", "service_account", "host", "port", "protocol"),
    *("reach", "since", "until", "request", "requester", "granted_by"),
    *("ended_by", "end_reason", "confirmed_at", "events", "not_in_the_trail"),
)
_AT_ONCE = 500
WORDS = {
    Reach.GRANTED: ("waiting", "Granted, not applied yet"),
    Reach.OPEN: ("active", "Open"),
    Reach.SUSPENDED: ("suspended", "Suspended"),
    Reach.CLOSING: ("unconfirmed", "Ended, not yet seen gone"),
}
"""The badge of each meaning of a grant, and its words."""
ANSWERS = {
    Reach.GRANTED: ("waiting", "Not applied yet"),
    Reach.OPEN: ("yes", "Could reach it"),
    Reach.SUSPENDED: ("unconfirmed", "May have reached it"),
    Reach.CLOSING: ("unconfirmed", "May have reached it"),
}
"""The badge of the answer for one grant, and its words."""
_SENTENCES = {
    Reach.GRANTED: "It was decided, and the worker was about to apply it.",
    Reach.OPEN: "The cluster carried it: the subject could reach the host.",
    Reach.SUSPENDED: "It was suspended: its objects were being taken out of the cluster.",
    Reach.CLOSING: "It had ended, but the cluster was not seen without it yet. Access may still "
    "have worked.",
}


@dataclass(frozen=True)
class PeriodRow:
    """One period as the page shows it: a badge, its word, and a sentence."""

    state: str
    word: str
    sentence: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class ReachRow:
    """One grant that mattered, in words."""

    found: Reached
    state: str
    word: str
    periods: list[PeriodRow]

    @property
    def proof(self) -> list[TimelineEntry]:
        """Return the events by which it is known, oldest first."""
        return [entry_of(event) for event in self.found.proof]


def reach_rows(found: list[Reached]) -> list[ReachRow]:
    """Return the rows of the page, in the order of `found`."""
    return [ReachRow(one, *ANSWERS[one.best], [_row(p) for p in one.periods]) for one in found]


def records(grants: QuerySet[Grant], question: Question) -> Iterator[dict[str, Cell]]:
    """Yield one record per period for a download, newest grant first, read in pieces."""
    rows = every(grants)
    while piece := list(islice(rows, _AT_ONCE)):
        for found in reached(piece, question):
            for period in found.periods:
                yield _record(found, period)


def asked_in_words(question: Question) -> str:
    """Return the time that was asked for: a moment, or a span."""
    if question.is_moment:
        return f"at {question.since:%Y-%m-%d %H:%M} UTC"
    end = question.until
    if (question.since, end) == (_midnight(question.since), question.since + timedelta(days=1)):
        return f"on {question.since:%Y-%m-%d} (UTC)"
    return f"between {question.since:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC"


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _row(period: Period) -> PeriodRow:
    state, word = WORDS[period.reach]
    return PeriodRow(state, word, _SENTENCES[period.reach], period.since, period.until)


def _record(found: Reached, period: Period) -> dict[str, Cell]:
    grant = found.grant
    same = ("namespace", "service_account", "host", "port", "protocol", "granted_by")
    return {
        **{name: getattr(grant, name) for name in same},
        "grant": grant.pk,
        "cluster": grant.cluster.name,
        "reach": period.reach.value,
        "since": period.since,
        "until": period.until,
        "request": grant.request_id,
        "requester": grant.request.requester.username,
        "ended_by": found.ended_by,
        "end_reason": grant.end_reason if grant.ended_at else "",
        "confirmed_at": grant.confirmed_at,
        "events": " ".join(str(event.sequence) for event in found.proof),
        "not_in_the_trail": " ".join(found.missing),
    }
