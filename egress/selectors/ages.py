"""How many rows lie in which stretch of time: one grouped query, whatever their number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Value, When

from egress.domain.lifecycle import LIVE_GRANT_STATUSES
from egress.models import Person, Slice
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.requests import queue


def queue_counts(person: Person | Standing, edges: Sequence[datetime]) -> list[int]:
    """Return how many requests the person may decide, by when they were made."""
    return counts_between(queue(person), "created_at", edges)


def expiry_counts(
    person: Person | Standing, since: datetime, until: datetime, edges: Sequence[datetime]
) -> list[int]:
    """Return how many visible grants end from `since` to before `until`, cut at `edges`."""
    ending = visible_grants(person).filter(
        status__in=sorted(LIVE_GRANT_STATUSES), expires_at__gte=since, expires_at__lt=until
    )
    return counts_between(ending, "expires_at", edges)


def waiting_counts(slices: QuerySet[Slice], edges: Sequence[datetime]) -> list[int]:
    """Return how many of some slices wait to be applied, by when they were due."""
    return counts_between(slices.filter(wanted__gt=F("done")), "due_at", edges)


def counts_between(rows: QuerySet[Any], field: str, edges: Sequence[datetime]) -> list[int]:
    """Return how many `rows` have a time before the first edge, between each two, and after all.

    `edges` ascend. The result is one longer than they are; a time at an edge counts after it.
    """
    parts = [When(**{f"{field}__lt": edge}, then=Value(n)) for n, edge in enumerate(edges)]
    part = Case(*parts, default=Value(len(edges)), output_field=IntegerField())
    counted = rows.order_by().annotate(part=part).values_list("part").annotate(Count("pk"))
    found = dict(counted)
    return [found.get(number, 0) for number in range(len(edges) + 1)]
