"""Where the grants of a large company stand in their cycle of recertification."""

import random
from datetime import datetime, timedelta
from typing import Any

from egress.domain.lifecycle import GrantStatus
from egress.domain.recertification import DEFAULT_CYCLE_DAYS, Outcome
from egress.management.seeding.bulk import continue_numbering, next_key, store
from egress.management.seeding.history import Asked
from egress.models import Cluster, Grant, Recertification

CYCLE, ASKED_FOR = timedelta(days=DEFAULT_CYCLE_DAYS), timedelta(days=14)


def store_recertifications(rng: random.Random, history: list[Asked], now: datetime) -> None:
    """Store a row for every grant that outlasts its cycle; the worker has looked at them all."""
    key = next_key(Recertification)
    rows = [(asked, grant) for asked in history for grant in asked.grants if _outlasts(grant)]
    store(
        Recertification,
        (
            Recertification(
                pk=key + number,
                grant=grant,
                cycle_days=DEFAULT_CYCLE_DAYS,
                **_standing(rng, grant, asked.requester, now),
            )
            for number, (asked, grant) in enumerate(rows)
        ),
    )
    continue_numbering([Recertification])
    Cluster.objects.update(recertified_at=now)


def _outlasts(grant: Grant) -> bool:
    if grant.active_at is None:
        return False
    return grant.expires_at is None or grant.expires_at > grant.active_at + CYCLE


def _standing(rng: random.Random, grant: Grant, owner: str, now: datetime) -> dict[str, Any]:
    """Return where one grant stands: owners confirmed it in time, each cycle."""
    until, since = grant.ended_at or now, grant.active_at or now
    told: dict[str, Any] = {}
    while since + CYCLE <= until:
        since += CYCLE - ASKED_FOR * rng.random()
        told = {"confirmed_at": since, "confirmed_by": owner}
    due = since + CYCLE
    told["due_at"] = due
    if grant.ended_at:
        dropped = grant.status == GrantStatus.REVOKED and rng.random() < 0.3
        outcome = Outcome.DROPPED if dropped else Outcome.GRANT_ENDED
        return told | {"closed_at": grant.ended_at, "outcome": outcome}
    if due <= now + ASKED_FOR and grant.status != GrantStatus.SUSPENDED:
        told["announced_at"] = due - ASKED_FOR
    return told
