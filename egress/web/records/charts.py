"""What waits and what ends, as charts: how many, and since when or until when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.dateformat import format as in_format

from egress.models import Slice
from egress.models.standing import Standing
from egress.selectors.ages import expiry_counts, queue_counts, waiting_counts
from egress.web.pictures.bars import Bar, Chart

WEEKS = 12
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_QUEUE_AGES = (
    (_HOUR, "< 1 hour", "less than an hour", ""),
    (4 * _HOUR, "< 4 hours", "1 to 4 hours", ""),
    (_DAY, "< 1 day", "4 hours to a day", ""),
    (3 * _DAY, "< 3 days", "1 to 3 days", "wait"),
    (None, "older", "3 days or more", "bad"),
)
_WAITING_AGES = (
    (timedelta(), "later", "not due yet: the next try is later", ""),
    (_MINUTE, "< 1 min", "less than a minute", ""),
    (10 * _MINUTE, "< 10 min", "1 to 10 minutes", ""),
    (_HOUR, "< 1 hour", "10 minutes to an hour", "wait"),
    (_DAY, "< 1 day", "an hour to a day", "bad"),
    (None, "older", "a day or more", "bad"),
)
_Ages = tuple[tuple[timedelta | None, str, str, str], ...]


def queue_chart(standing: Standing, now: datetime) -> Chart | None:
    """Return how long the requests wait that somebody may decide, None without any."""
    counts = queue_counts(standing, _edges(_QUEUE_AGES, now))
    total, late = sum(counts), sum(counts[:2])
    if not total:
        return None
    rest = f", {late} of them for a day or more" if late else ", none of them for a whole day"
    sentence = f"{_many(total, 'request waits', 'requests wait')} for your decision{rest}."
    return Chart(sentence, "Waiting for", "Requests", _bars(_QUEUE_AGES, counts))


def waiting_chart(slices: QuerySet[Slice], now: datetime) -> Chart | None:
    """Return how long what is due in a cluster waits to be applied, None when nothing does."""
    counts = waiting_counts(slices, _edges(_WAITING_AGES, now))
    total, late = sum(counts), sum(counts[:3])
    if not total:
        return None
    rest = f", {late} of them for ten minutes or more" if late else ""
    sentence = f"{_many(total, 'slice waits', 'slices wait')} to be applied{rest}."
    return Chart(sentence, "Due for", "Slices", _bars(_WAITING_AGES, counts))


def expiry_chart(standing: Standing, now: datetime) -> Chart | None:
    """Return when grants end in the next weeks, as far as somebody sees them; None without any.

    Weeks begin on Monday; the first is what is left of this one. Days are those of UTC, as in
    the filters of the grants.
    """
    today = now.astimezone(UTC).date()
    monday = today - timedelta(days=today.weekday())
    starts = [today, *(monday + timedelta(weeks=week) for week in range(1, WEEKS))]
    end = monday + timedelta(weeks=WEEKS)
    counts = expiry_counts(standing, now, _start(end), [_start(day) for day in starts[1:]])
    if not any(counts):
        return None
    bars = tuple(
        _week(first, following - timedelta(days=1), count)
        for first, following, count in zip(starts, [*starts[1:], end], counts, strict=True)
    )
    most = max(bars, key=lambda bar: bar.count)
    total = f"{_many(sum(counts), 'grant ends', 'grants end')} in the next {WEEKS} weeks"
    if most.count == sum(counts):
        sentence = f"{total}: {most.words}."
    else:
        sentence = f"{total}. The fullest is {most.words}, with {most.count}."
    return Chart(sentence, "Week", "Grants that end", bars)


def _week(first: date, last: date, count: int) -> Bar:
    days = dict.fromkeys(in_format(day, "j F") for day in (first, last))
    words = " to ".join(days)
    query = urlencode({"expires_from": first.isoformat(), "expires_until": last.isoformat()})
    url = f"{reverse('grants')}?{query}" if count else ""
    return Bar(in_format(first, "j M"), words, count, url=url)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _edges(ages: _Ages, now: datetime) -> list[datetime]:
    """Return the moments between ages, the longest ago first."""
    return [now - age for age, *_ in reversed(ages) if age is not None]


def _bars(ages: _Ages, counts: Sequence[int]) -> tuple[Bar, ...]:
    """Return a bar for each age, the youngest first; `counts` begin with the oldest."""
    return tuple(
        Bar(label, words, count, tone)
        for (_, label, words, tone), count in zip(ages, reversed(counts), strict=True)
    )


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
