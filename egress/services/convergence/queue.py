"""Which due slice comes next: what takes access away first, and clusters in turn.

Of slices that became due together, the host's goes first when access is taken away: its doors
decide. When access is given, the namespace's goes first: it writes the ways of all its new grants
to the gateway at once, and then none of their hosts has to.
"""

import random
import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Min, Q, QuerySet, When
from django.db.models.functions import Now

from egress.domain.slices import SliceKind
from egress.models import Cluster, Priority, Slice
from egress.services.convergence.claim import Claim
from egress.services.convergence.clock import from_now, steady

FIRST_DELAY = 5.0
LONGEST_DELAY = 300.0
_CANDIDATES = 8
_LOOKS = 20

_turn = 0
_last_turns: dict[int, int] = {}
_turns = threading.Lock()


def claim_next(
    worker: str, *, cluster_id: int | None = None, without: Collection[int] = ()
) -> Claim | None:
    """Claim the next due slice, or return None when there is none.

    `cluster_id` limits the search to one cluster, `without` leaves clusters out.
    """
    due = due_slices().exclude(cluster__in=without).exclude(cluster__in=_being_tried())
    if cluster_id is not None:
        due = due.filter(cluster=cluster_id)
    for _ in range(_LOOKS):
        clusters = list(due.values("cluster").annotate(urgency=Min("priority")))
        if not clusters:
            break
        with _turns:
            chosen = min(clusters, key=lambda c: (c["urgency"], _last_turns.get(c["cluster"], 0)))
        claim = _claim_in(due.filter(cluster=chosen["cluster"]), worker)
        if claim:
            _take_turn(chosen["cluster"])
            return claim
        # Others claimed all we saw: look again, something else may be due.
    return None


def due_slices() -> QuerySet[Slice]:
    """Return the slices that are due and that nobody holds."""
    return _free().filter(wanted__gt=F("done"), due_at__lte=Now())


def _free() -> QuerySet[Slice]:
    return Slice.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()))


def _being_tried() -> QuerySet[Cluster]:
    """Return the clusters that do not answer and that somebody waits for already.

    One worker finds out whether such a cluster is back; it must not hold up all of them.
    """
    return Cluster.objects.filter(reachable=False, slices__lease_until__gte=Now())


def delay_after(attempts: int) -> float:
    """Return the seconds to wait after so many failed attempts, never the same twice."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempts, 10))
    return delay * random.uniform(0.75, 1.0)  # noqa: S311 (spreads load, protects nothing)


def claim_beside(claim: Claim, key: str) -> Claim | None:
    """Claim another slice of the same cluster for the holder of `claim`, whether it is due or not.

    Returns None at once when somebody else holds it: nobody waits for anybody here.
    """
    row, _ = Slice.objects.get_or_create(
        cluster=claim.row.cluster, key=key, defaults={"due_at": Now()}
    )
    return _take(_free(), row, claim.worker)


def _claim_in(due: QuerySet[Slice], worker: str) -> Claim | None:
    candidates = list(due.order_by("priority", "due_at", "pk")[:_CANDIDATES])
    for seen in sorted(candidates, key=_rank):
        if claim := _take(due_slices(), seen, worker):
            return claim
    return None


def _rank(row: Slice) -> tuple[int, datetime, bool, int]:
    is_host = row.key.startswith(SliceKind.HOST)
    is_first = is_host == (row.priority == Priority.REVOKE)
    return row.priority, row.due_at.replace(microsecond=0), not is_first, row.pk


def _take(free: QuerySet[Slice], seen: Slice, worker: str) -> Claim | None:
    asked_at = steady()
    # An abandoned claim may have had a write on its way when its lease ran out.
    late = timedelta(seconds=settings.CALL_TIMEOUT_SECONDS)
    quiet_at = ExpressionWrapper(F("lease_until") + late, output_field=DateTimeField())
    taken = free.filter(pk=seen.pk, fence=seen.fence)
    if not taken.update(
        holder=worker,
        fence=F("fence") + 1,
        quiet_at=Case(When(lease_until__isnull=False, then=quiet_at), default=F("quiet_at")),
        lease_until=from_now(settings.LEASE_SECONDS),
    ):
        return None
    row = Slice.objects.select_related("cluster").get(pk=seen.pk)
    return Claim(row, asked_at) if row.fence == seen.fence + 1 else None


def _take_turn(cluster_id: int) -> None:
    global _turn
    with _turns:
        _turn += 1
        _last_turns[cluster_id] = _turn
