"""Which due slice comes next: what takes access away first, then clusters and tenants in turn.

Of slices that became due together, the host's goes first when access is taken away: its doors
decide. When access is given, the namespace's goes first: it writes the ways of all its new grants
to the gateway at once, and then none of their hosts has to.
"""

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Q, QuerySet, When
from django.db.models.functions import Now

from egress.domain.slices import SliceKind
from egress.models import Cluster, Priority, Slice
from egress.services.convergence import turns, upgrading
from egress.services.convergence.claim import Claim
from egress.services.convergence.clock import from_now, steady

FIRST_DELAY = 5.0
LONGEST_DELAY = 300.0
_CANDIDATES = 8
_LOOKS = 20


def claim_next(
    worker: str, *, cluster_id: int | None = None, without: Collection[int] = ()
) -> Claim | None:
    """Claim the next due slice, or return None when there is none.

    `cluster_id` limits the search to one cluster, `without` leaves clusters out.
    """
    for _ in range(_LOOKS):
        groups = [one for one in turns.waiting_groups() if cluster_id in (None, one.cluster)]
        group = turns.next_turn(groups, {*without, *_left_alone()}) if groups else None
        if group is None:
            break
        if claim := _claim_in(group, worker):
            turns.take_turn(group)
            return claim
        # Others claimed all we saw: look again, something else may be due.
    return None


def due_slices() -> QuerySet[Slice]:
    """Return the slices that are due and that nobody holds."""
    return _free().filter(wanted__gt=F("done"), due_at__lte=Now())


def _free() -> QuerySet[Slice]:
    return Slice.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()))


def _left_alone() -> set[int]:
    """Return the clusters that this process must not write to now.

    Those that a newer version of the portal writes to, and those that do not answer and that
    somebody waits for already: one worker finds out whether such a cluster is back, and it must
    not hold up all of them.
    """
    is_newer = Q(generator_version__gt=upgrading.version())
    unusual = Cluster.objects.filter(is_newer | Q(reachable=False))
    facts = dict(unusual.values_list("pk", "generator_version"))
    if not facts:
        return set()
    held = Slice.objects.filter(cluster__in=facts, cluster__reachable=False)
    tried = held.filter(lease_until__gte=Now()).values_list("cluster", flat=True).distinct()
    return {*tried, *(pk for pk, number in facts.items() if number > upgrading.version())}


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


def _claim_in(group: turns.Group, worker: str) -> Claim | None:
    due = due_slices().filter(cluster=group.cluster, tenant=group.tenant, priority=group.priority)
    for seen in sorted(due.order_by("due_at", "pk")[:_CANDIDATES], key=_rank):
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
