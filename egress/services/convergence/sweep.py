"""The loop that needs only the database: what time ended, what is due, what drifted."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from egress.cluster.errors import ClusterError
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Cluster, Grant
from egress.services import grants, requests
from egress.services.convergence import brake, drift, lease, stopping
from egress.services.convergence.clock import ClockWatch, database_now, steady
from egress.services.convergence.deliver import deliver
from egress.services.convergence.queue import claim_next
from egress.services.convergence.reach import is_unreachable, note_reached, note_unreachable
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway, require_same_cluster

logger = structlog.get_logger(__name__)

_clock = ClockWatch()


def converge(*, worker: str, cluster_id: int | None = None) -> int:
    """Work off all due slices, of one cluster or of all; return how many were delivered.

    Harmless at any time, from any number of processes: a slice is claimed by one of them. A
    cluster that cannot be reached is left for the next call.
    """
    end_overdue(database_now())
    count, unreachable = 0, set[int]()
    while not stopping.is_asked():
        claim = claim_next(worker, cluster_id=cluster_id, without=unreachable)
        if claim is None:
            break
        count += 1
        if not deliver(claim):
            unreachable.add(claim.row.cluster_id)
    return count


def sweep_once(*, worker: str, now: datetime | None = None) -> int:
    """End what is over, work off what is due, and look for drift where it is time to.

    `now` is the database's time unless given. Returns how many slices were delivered.
    """
    moment = database_now() if now is None else now
    tend(moment)
    count = converge(worker=worker)
    if search_where_due(worker, moment):
        count += converge(worker=worker)
    return count


def tend(now: datetime) -> None:
    """Do what time asks for in the database: end, remind, lapse."""
    end_overdue(now)
    grants.remind_due(now=now)
    requests.lapse_overdue(now=now)


def end_overdue(now: datetime) -> None:
    """End grants whose time is over, or that could not be applied for too long.

    When the database's clock has jumped, more than a few grants at once are ended only when
    their time is over by the time that really passed as well.
    """
    trusted = _clock.trusted(now, steady())
    if trusted < now and _count_overdue(now) > _few():
        logger.error("clocks_disagree", database=str(now), expected=str(trusted))
        now = trusted
    grants.expire_due(now=now)
    grants.lapse_unapplied(now=now)


def full_sweep(cluster: Cluster) -> int:
    """Search one cluster for drift now; return how many slices had drifted.

    A cluster that cannot be reached is noted as such and has none.
    """
    # An attempt counts: a cluster that does not answer is not asked again at once.
    Cluster.objects.filter(pk=cluster.pk).update(swept_at=database_now())
    try:
        gateway = open_gateway(cluster)
        require_same_cluster(cluster, gateway)
        found = drift.search(cluster, gateway)
    except Unavailable as error:
        if error.reason == "AuditUnavailable":
            raise
        note_unreachable(cluster, error.message)
        return 0
    except ClusterError as error:
        if is_unreachable(error):
            note_unreachable(cluster, error.message)
        logger.warning("sweep_failed", cluster=cluster.name, why=error.message)
        return 0
    note_reached(cluster)
    return found


def _count_overdue(now: datetime) -> int:
    overdue = Q(expires_at__lte=now)
    lapsed = Q(active_at=None, created_at__lte=now - timedelta(days=settings.GRANT_LAPSE_DAYS))
    return Grant.objects.filter(overdue | lapsed, ended_at=None).count()


def _few() -> int:
    live = Grant.objects.filter(status__in=sorted(OPEN_GRANT_STATUSES)).count()
    return max(brake.LEAST, int(brake.SHARE * live))


def search_where_due(worker: str, now: datetime) -> int:
    """Search the clusters whose turn it is for drift; return how many slices had drifted.

    One process at a time does it for each cluster.
    """
    since = now - timedelta(seconds=settings.FULL_SWEEP_SECONDS)
    due = Cluster.objects.filter(Q(swept_at=None) | Q(swept_at__lte=since))
    found = 0
    for cluster in due:
        name = f"sweep:{cluster.pk}"
        if lease.take(name, worker, seconds=settings.FULL_SWEEP_SECONDS):
            try:
                found += full_sweep(cluster)
            finally:
                lease.give_back(name, worker)
    return found
