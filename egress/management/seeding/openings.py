"""What was opened by break-glass in a large company, and the second looks at it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from egress.management.seeding.bulk import continue_numbering, next_key, store
from egress.management.seeding.history import Asked
from egress.models import BreakGlass, Person

EVERY = 5
"""Of so many requests whose access has ended again, one was opened at once."""
AWAITED = 3
"""So many of them, the latest, still await their second look."""
SAID = (BreakGlass.Outcome.CONFIRMED, BreakGlass.Outcome.ENDED, BreakGlass.Outcome.LAPSED)


def store_openings(history: list[Asked], approvers: Sequence[str], now: datetime) -> None:
    """Store an opening for some of the requests of which nothing is open any more."""
    over = [one for one in history if one.grants and all(each.ended_at for each in one.grants)]
    looking = sorted(Person.objects.filter(username__in=approvers).values_list("pk", flat=True))
    rows = _openings(over[::EVERY], looking, next_key(BreakGlass), now)
    store(BreakGlass, list(rows))
    continue_numbering([BreakGlass])


def _openings(
    opened: list[Asked], looking: list[int], key: int, now: datetime
) -> Iterator[BreakGlass]:
    for number, asked in enumerate(opened):
        request, outcome = asked.request, SAID[number % len(SAID)]
        at = request.decided_at or now
        row = BreakGlass(
            pk=key + number,
            request=request,
            opened_by_id=request.requester_id,
            reason=f"{request.namespace} fails for everybody.",
            opened_at=at,
            ends_at=at + timedelta(hours=4),
            look_by=at + timedelta(hours=24),
        )
        if number >= len(opened) - AWAITED:
            row.look_by = now + timedelta(hours=12)
        else:
            row.outcome, row.looked_at = outcome, at + timedelta(hours=1)
            if outcome != BreakGlass.Outcome.LAPSED:
                # Somebody else than who opened it.
                row.looked_by_id = next(pk for pk in looking if pk != request.requester_id)
        yield row
