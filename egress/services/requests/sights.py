"""What the live cluster shows before somebody asks or decides.

It is read before any lock is taken: nobody waits for a cluster that answers slowly but the one
who asks. `begin_anew_after_looking` keeps that true for work in a transaction of the caller's.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.conf import settings

from egress.cluster.errors import ClusterError
from egress.cluster.snapshot import read_snapshot
from egress.domain.access import Wish
from egress.domain.policies import Finding, Level
from egress.domain.posture import Snapshot, findings_for
from egress.models import Cluster
from egress.selectors.policy import inventory_around
from egress.selectors.posture import uids_of
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway, require_same_cluster

logger = structlog.get_logger(__name__)

SECONDS = 3.0
"""How long all reads of one look may take together."""
TRIES = 4


@dataclass(frozen=True)
class Sight:
    """One look at a cluster for the wishes of a namespace.

    Without a `snapshot`, `told` is what an earlier look gave, None when there was none.
    """

    snapshot: Snapshot | None = None
    told: tuple[Finding, ...] | None = None

    def findings(self, cluster: Cluster, wish: Wish) -> tuple[Finding, ...]:
        """Return what the live cluster says about a wish; a cluster nobody saw is a warning."""
        if self.told is not None:
            return self.told
        if self.snapshot is not None:
            return _findings(cluster, wish, self.snapshot)
        return (_NOT_LOOKED,)


_NOT_LOOKED = Finding(
    "ClusterNotLooked",
    "The cluster did not answer in time, so nobody looked whether objects of others stand in the "
    "way. Go on: the portal looks again before it writes anything.",
    Level.WARN,
    "namespace",
)
UNSEEN = Sight()
Result = TypeVar("Result")


class LookNeededError(Exception):
    """Work in a transaction needs a look that was not made before."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        super().__init__(f'No look was made at "{cluster.name}" for "{namespace}" before.')
        self.cluster = cluster
        self.namespace = namespace


_made: ContextVar[dict[tuple[int, str], Sight] | None] = ContextVar("egress_sights", default=None)


def look(cluster: Cluster, namespace: str) -> Sight:
    """Return the cluster as it is now, for wishes of a namespace. Takes at most SECONDS.

    Call it outside of transactions. Raises LookNeededError within `begin_anew_after_looking`.
    """
    made = _made.get()
    if made is None:
        return _read(cluster, namespace)
    if (cluster.pk, namespace) not in made:
        raise LookNeededError(cluster, namespace)
    return made[cluster.pk, namespace]


def begin_anew_after_looking(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, with every look at a cluster made before it began.

    For work that is one transaction with more than the service that looks: it is rolled back
    where a look is needed, and begins anew with that look.
    """
    made: dict[tuple[int, str], Sight] = {}
    token = _made.set(made)
    try:
        for _ in range(TRIES):
            try:
                return work()
            except LookNeededError as needed:
                made[needed.cluster.pk, needed.namespace] = _read(needed.cluster, needed.namespace)
        return work()
    finally:
        _made.reset(token)


def _read(cluster: Cluster, namespace: str) -> Sight:
    until = time.monotonic() + SECONDS
    profile = cluster.profile(settings.INSTALLATION)
    of_gateways = {profile.service_of(one).split(".")[1] for one in profile.gateways}
    pods_of = {namespace, profile.egress_namespace, *of_gateways}
    try:
        gateway = open_gateway(cluster, until=until).ending_by(until)
        require_same_cluster(cluster, gateway)
        return Sight(read_snapshot(gateway, pods_of=pods_of))
    except (ClusterError, Unavailable) as error:
        logger.warning("cluster_not_looked", cluster=cluster.name, why=error.message[:300])
        return UNSEEN


def _findings(cluster: Cluster, wish: Wish, snapshot: Snapshot) -> tuple[Finding, ...]:
    return tuple(
        findings_for(
            snapshot,
            cluster.profile(settings.INSTALLATION),
            inventory_around(cluster, wish.subject.namespace),
            wish,
            ours=uids_of(cluster),
            attestations=cluster.attestations,
        )
    )
