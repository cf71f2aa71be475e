"""What time does to recertifications: grants are taken up, announced, and end without an answer.

Nothing ends that a stored row does not say was announced, and told of again, long enough ago: a
worker that was away, or a new version, moves the end and skips neither.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from egress.domain.recertification import (
    AFTER_LAST_CALL,
    LAST_CALL,
    Outcome,
    due_when_announced,
    first_due,
)
from egress.models import Cluster, Grant, Recertification
from egress.models.recertification import WAITING
from egress.selectors.recertification import IN_FORCE, is_asked_about
from egress.services import audit, grants
from egress.services.audit import Tag
from egress.services.one_by_one import do_each
from egress.services.recertification.telling import RECERTIFICATION, entry, in_words

LOOK_EVERY = timedelta(minutes=10)
"""How often the grants of a cluster are looked through for new ones. They are due months later."""

AT_ONCE = 500
AHEAD = Q(closed_at__isnull=True, announced_at__isnull=True)
"""Rows whose owners need not be asked yet."""


def announced_for() -> timedelta:
    """Return how long people have to answer: never less than a day."""
    return timedelta(days=max(settings.RECERTIFY_ANNOUNCE_DAYS, 1))


def tend(now: datetime) -> None:
    """Do what time asks for. Harmless at any time, from any number of processes."""
    look_where_due(now)
    announce_due(now=now)
    remind_due(now=now)
    end_unanswered(now=now)


def look_where_due(now: datetime) -> int:
    """Look through the grants of the clusters whose turn it is; return how many rows changed."""
    turn = Q(recertified_at=None) | Q(recertified_at__lte=now - LOOK_EVERY)
    # A clock that was set back must not stop it for long.
    turn |= Q(recertified_at__gt=now + LOOK_EVERY)
    changed = 0
    for cluster in Cluster.objects.filter(turn).defer("posture").order_by("pk"):
        mine = Cluster.objects.filter(turn, pk=cluster.pk)
        if mine.update(recertified_at=now):
            found = _look_through(cluster, now)
            changed += found
            if found >= AT_ONCE:
                # There is more: go on in the next round.
                Cluster.objects.filter(pk=cluster.pk).update(recertified_at=None)
    return changed


def _look_through(cluster: Cluster, now: datetime) -> int:
    open_rows = Recertification.objects.filter(grant__cluster=cluster, closed_at__isnull=True)
    over = open_rows.filter(grant__ended_at__isnull=False)
    count = _in_place(over, closed_at=now, outcome=Outcome.GRANT_ENDED)
    unasked = Q(announced_at=None, reminded_at=None)
    if not cluster.recertify_days:
        off = open_rows.exclude(unasked & Q(cycle_days=0))
        return count + _in_place(off, announced_at=None, reminded_at=None, cycle_days=0)
    # Who comes back after a suspension is asked anew, with all the time there is to answer.
    away = open_rows.exclude(unasked).exclude(grant__status__in=IN_FORCE)
    count += _in_place(away, announced_at=None, reminded_at=None)
    return count + _follow_cycle(cluster, open_rows, now) + _take_up(cluster, now)


def _in_place(rows: QuerySet[Recertification], **changes: object) -> int:
    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    still = Recertification.objects.filter(pk__in=pks, closed_at__isnull=True)
    return still.update(**changes) if pks else 0


def _follow_cycle(cluster: Cluster, rows: QuerySet[Recertification], now: datetime) -> int:
    """Compute anew what was computed with another cycle; what was announced keeps its day."""
    days = cluster.recertify_days
    other = rows.filter(AHEAD).exclude(cycle_days=days).select_related("grant").order_by("pk")
    count = 0
    for row in other[:AT_ONCE]:
        since = row.confirmed_at or row.grant.active_at or now
        due = _first_due(cluster, row.grant, since, now)
        still = Recertification.objects.filter(AHEAD, pk=row.pk, confirmed_at=row.confirmed_at)
        count += still.update(cycle_days=days, due_at=due)
    return count


def _take_up(cluster: Cluster, now: datetime) -> int:
    """Make rows for grants in force that outlast the cycle and have none."""
    cycle = timedelta(days=cluster.recertify_days)
    outlasts = Q(expires_at__isnull=True) | Q(expires_at__gt=F("active_at") + cycle)
    new = Grant.objects.filter(
        outlasts,
        cluster=cluster,
        status__in=IN_FORCE,
        active_at__isnull=False,
        recertification__isnull=True,
    )
    rows = [
        Recertification(
            grant=grant,
            cycle_days=cluster.recertify_days,
            due_at=_first_due(cluster, grant, grant.active_at or now, now),
        )
        for grant in new.only("pk", "active_at").order_by("pk")[:AT_ONCE]
    ]
    # Another process may have been faster.
    Recertification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _first_due(cluster: Cluster, grant: Grant, since: datetime, now: datetime) -> datetime:
    return first_due(
        since,
        cycle_days=cluster.recertify_days,
        announced_for=announced_for(),
        now=now,
        number=grant.pk,
    )


def announce_due(*, now: datetime) -> int:
    """Ask the owners of every grant that is due soon; return how many grants."""
    soon = AHEAD & Q(
        due_at__lte=now + announced_for(),
        grant__status__in=IN_FORCE,
        grant__cluster__recertify_days__gt=0,
    )
    # What ends by itself until then needs no answer.
    soon &= Q(grant__expires_at__isnull=True) | Q(grant__expires_at__gt=F("due_at"))
    return _each(soon, lambda pk: _announce(pk, now))


def remind_due(*, now: datetime) -> int:
    """Tell once more of what ends within LAST_CALL; return of how many grants.

    Where that comes late, as after a worker was away, the end moves: see AFTER_LAST_CALL.
    """
    late = is_asked_about() & Q(
        reminded_at__isnull=True,
        due_at__lte=now + LAST_CALL,
        announced_at__lte=now - AFTER_LAST_CALL,
    )
    return _each(late, lambda pk: _remind(pk, now))


def end_unanswered(*, now: datetime) -> int:
    """End every grant that is due, and was told of twice, long enough ago; return how many."""
    return _each(is_asked_about() & _is_over(now), lambda pk: _end(pk, now))


def _is_over(now: datetime) -> Q:
    told = Q(announced_at__lte=now - announced_for(), reminded_at__lte=now - AFTER_LAST_CALL)
    return WAITING & told & Q(due_at__lte=now)


def _each(due: Q, deed: Callable[[int], bool]) -> int:
    rows = Recertification.objects.filter(due).order_by("due_at", "pk")
    return do_each(list(rows.values_list("pk", flat=True)[:AT_ONCE]), deed)


@transaction.atomic
def _announce(pk: int, now: datetime) -> bool:
    ahead = Recertification.objects.filter(AHEAD, pk=pk)
    # The first write is the lock: nobody else answers or announces until this is stored.
    if ahead.update(announced_at=now, reminded_at=None) != 1:
        return False
    row = _read(pk)
    row.due_at = due_when_announced(row.due_at, announced_for=announced_for(), now=now)
    Recertification.objects.filter(pk=pk).update(due_at=row.due_at)
    message = f"Asked the owners whether {row.grant} is still needed."
    tag = Tag.RECERTIFICATION_ANNOUNCED
    audit.record_all([entry(tag, row.grant, message, now, due_at=row.due_at)])
    return True


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    unsaid = Recertification.objects.filter(WAITING, pk=pk, reminded_at__isnull=True)
    if unsaid.update(reminded_at=now) != 1:
        return False
    row = _read(pk)
    row.due_at = max(row.due_at, now + AFTER_LAST_CALL)
    Recertification.objects.filter(pk=pk).update(due_at=row.due_at)
    message = f"Nobody has answered so far whether {row.grant} is still needed."
    tag = Tag.RECERTIFICATION_REMINDED
    audit.record_all([entry(tag, row.grant, message, now, due_at=row.due_at)])
    return True


@transaction.atomic
def _end(pk: int, now: datetime) -> bool:
    # By the columns of this row alone: what an answer changes meanwhile is looked at again.
    over = Recertification.objects.filter(_is_over(now), pk=pk)
    if over.update(closed_at=now, outcome=Outcome.UNANSWERED) != 1:
        return False
    row = _read(pk)
    ended = grants.end_unanswered(
        pk=row.grant_id, why=in_words(row), actor=RECERTIFICATION, now=now
    )
    if not ended:
        transaction.set_rollback(True)
    return ended


def _read(pk: int) -> Recertification:
    return Recertification.objects.select_related("grant__cluster").get(pk=pk)
