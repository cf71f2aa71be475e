"""The loop that needs only the database: what time ended, what is due, what drifted."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from egress.cluster.errors import ClusterError
from egress.models import Cluster
from egress.services import break_glass, grants, recertification, requests
from egress.services.convergence import drift, lease, upgrading
from egress.services.convergence.clock import database_now, trusted
from egress.services.convergence.crew import Crew
from egress.services.convergence.reach import is_unreachable, note_reached, note_unreachable
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway, require_same_cluster
from egress.services.token_ends import remind_of_token_ends

logger = structlog.get_logger(__name__)


def converge(*, worker: str, cluster_id: int | None = None, threads: int | None = None) -> int:
    """Work off all due slices, of one cluster or of all; return how many were delivered.

    Harmless at any time, from any number of processes: a slice is claimed by one of them. A
    cluster that cannot be reached is left for the next call. `threads` deliveries are under way
    at once, CONVERGE_THREADS unless given; with 1 one comes after the other in this thread.
    """
    end_overdue(database_now())
    wanted = settings.CONVERGE_THREADS if threads is None else threads
    return Crew(worker, cluster_id).work(wanted)


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
    now = trusted(now)
    end_overdue(now)
    grants.remind_due(now=now)
    requests.lapse_overdue(now=now)
    requests.remind_waiting(now=now)
    recertification.tend(now)
    remind_of_token_ends(now=now)


def end_overdue(now: datetime) -> None:
    """End grants whose time is over, that could not be applied, or that nobody looked at.

    When the database's clock has jumped, the time that really passed counts.
    """
    now = trusted(now)
    grants.expire_due(now=now)
    grants.lapse_unapplied(now=now)
    break_glass.lapse_unlooked(now=now)


def full_sweep(cluster: Cluster) -> int:
    """Search one cluster for drift now; return how many slices had drifted.

    A cluster that cannot be reached is noted as such and has none, and neither has one that a
    newer version of the portal writes to.
    """
    if upgrading.leaves_alone(cluster):
        return 0
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
