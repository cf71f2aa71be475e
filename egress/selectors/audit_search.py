"""Search in the audit trail: words through an index, times through another.

PostgreSQL finds words through an index over the text of every event (migration 0008). SQLite has
none and reads the events; it finds the same ones.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Subquery, TextField, Value
from django.db.models.lookups import IContains, Regex

from egress.models import AuditEvent, AuditHead

MOST_WORDS = 8
SHORTEST_BEGINNING = 3
"""Half of the trail begins with any one letter."""

STRETCHES = (2_000, 50_000)
"""How many events are looked at for a word before the whole trail is.

A frequent word fills a page from the first stretch, which costs no more than reading it. One that
does not fill it from the second is so rare that all its events together are few.
"""

CLOCK_SLACK = timedelta(hours=1)
"""How far the clocks of two processes may disagree before a date filter misses an event."""

COLUMNS = ("message", "actor", "host", "namespace", "cluster", "tag", "target", "target_id")
"""Where words are looked for."""

Take = Callable[[QuerySet[AuditEvent], str, int, int | None], Sequence[AuditEvent]]


class SearchText(Func):
    """The words of an event, as PostgreSQL's index holds them.

    Signs become blanks, so that a host or an address is a row of words and not one.
    """

    template = (
        "to_tsvector('simple'::regconfig, "
        "translate(%(expressions)s, './:-_@~+<>&=?#', '              '))"
    )
    arg_joiner = " || ' ' || "


class _Joined(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = TextField()


class _Query(Func):
    template = "to_tsquery('simple'::regconfig, %(expressions)s)"


class _Holds(Func):
    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def words_in(text: str) -> list[str]:
    """Return the words of a text, in lower case: its runs of letters and digits.

    One with a star behind it is a beginning, and keeps the star.
    """
    found = re.findall(r"[^\W_]+\*?", text.lower())
    return [w if len(w) > SHORTEST_BEGINNING else w.rstrip("*") for w in found]


def matching(words: Sequence[str]) -> Q:
    """Return the filter of events that hold every one of `words` (from `words_in`)."""
    if not words:
        return Q()
    if connection.vendor == "postgresql":
        asked = " & ".join(word.replace("*", ":*") for word in words)
        return Q(_Holds(SearchText(*COLUMNS), _Query(Value(asked))))
    found = Q()
    for word in words:
        bare, end = word.rstrip("*"), "" if word.endswith("*") else r"(?![^\W_])"
        if bare.isascii():
            # Quick, and lets few through to the test that follows. SQLite knows the two cases of
            # ASCII letters only.
            found &= Q(IContains(_Joined(*COLUMNS), bare))
        found &= Q(Regex(_Joined(*COLUMNS), rf"(?i)(?<![^\W_]){bare}{end}"))
    return found


def searching(words: Sequence[str]) -> Take:
    """Return how a page of events that hold `words` is read, for `paging.newest_first`."""
    holds = matching(words)

    def take(
        events: QuerySet[AuditEvent], order: str, limit: int, start: int | None
    ) -> list[AuditEvent]:
        if not words:
            return list(events.order_by(order)[:limit])
        is_down = order.startswith("-")
        if start is None:
            start = AuditHead.objects.values_list("sequence", flat=True).first() or 0
        for width in STRETCHES:
            end = start - width if is_down else start + width
            within = Q(sequence__gte=end) if is_down else Q(sequence__lte=end)
            found = list(events.filter(holds, within).order_by(order)[:limit])
            if len(found) == limit or (is_down and end <= 1):
                return found
        # By an expression: else the database may go through all sequences for a rare word,
        # instead of through the few events that the index over the words knows.
        place = F("sequence") + 0
        ordered = place.desc() if is_down else place.asc()
        return list(events.filter(holds).order_by(ordered)[:limit])

    return take


def between(
    events: QuerySet[AuditEvent], since: datetime | None, until: datetime | None
) -> QuerySet[AuditEvent]:
    """Keep the events at `since` or later and before `until`.

    They are found by sequence, so that an old day costs as little as today. Events are appended
    in the order of time, but for clocks that disagree by up to CLOCK_SLACK.
    """
    last_out, first_out = _around(since, until)
    if since is not None:
        events = events.filter(at__gte=since, sequence__gt=last_out or 0)
    if until is not None:
        events = events.filter(at__lt=until)
        if first_out is not None:
            events = events.filter(sequence__lt=first_out)
    return events


def _around(since: datetime | None, until: datetime | None) -> tuple[int | None, int | None]:
    """Return the sequences right before `since` and right after `until`, in one query.

    Read, not joined: the database plans far better for numbers that it knows.
    """
    times = AuditEvent.objects.values("sequence")
    bounds: dict[str, Subquery] = {}
    if since is not None:
        before = times.filter(at__lt=since - CLOCK_SLACK).order_by("-at")
        bounds["last_out"] = Subquery(before[:1])
    if until is not None:
        after = times.filter(at__gte=until + CLOCK_SLACK).order_by("at")
        bounds["first_out"] = Subquery(after[:1])
    if not bounds:
        return None, None
    read = AuditHead.objects.filter(pk=1).values(**bounds).first()
    found: dict[str, Any] = dict(read or {})
    return found.get("last_out"), found.get("first_out")
