"""What the live cluster shows before somebody asks or decides.

It is read before any lock is taken: nobody waits for a cluster that answers slowly but the one
who asks. See `services.looking` for work in a transaction of the caller's.
"""

import time
from dataclasses import dataclass

import structlog
from django.conf import settings

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.snapshot import read_snapshot
from egress.domain.access import Wish
from egress.domain.policies import Finding, Level
from egress.domain.posture import Snapshot, findings_for
from egress.models import Cluster
from egress.selectors.policy import inventory_around
from egress.selectors.posture import uids_of
from egress.services.adoption.judging import Pin, find, without
from egress.services.errors import Refused, Unavailable
from egress.services.gateways import open_gateway, require_same_cluster
from egress.services.looking import looked

logger = structlog.get_logger(__name__)

SECONDS = 3.0
"""How long all reads of one look may take together."""


@dataclass(frozen=True)
class Sight:
    """One look at a cluster for the wishes of a namespace.

    Without a `snapshot`, `told` is what an earlier look gave, None when there was none.
    `removal_refused` says why the object that is to be removed may not be, empty when it may.
    `owned` holds the namespace's key when the cluster says that the requester may deploy there.
    """

    snapshot: Snapshot | None = None
    told: tuple[Finding, ...] | None = None
    removal_refused: str = ""
    owned: frozenset[int] = frozenset()

    def findings(self, cluster: Cluster, wish: Wish) -> tuple[Finding, ...]:
        """Return what the live cluster says about a wish; a cluster nobody saw is a warning."""
        if self.told is not None:
            return self.told
        if self.snapshot is not None:
            return _findings(cluster, wish, self.snapshot)
        return (_NOT_LOOKED,)

    def adopting(self, pin: Pin) -> tuple[KubeObject, "Sight"]:
        """Return the object that is to be adopted, and the sight of the cluster without it.

        Raises Unavailable when nobody looked, Conflict when the object is not the one that was
        seen, and Refused when the portal may not delete it.
        """
        if self.snapshot is None:
            raise Unavailable(
                "The cluster did not answer in time, and an adoption is only asked for and decided "
                "on what is there now. Try again in a moment.",
                reason="ClusterNotLooked",
            )
        found = find(self.snapshot, pin)
        if self.removal_refused:
            raise Refused(
                f"The portal may not delete {pin.key}: {self.removal_refused} Let an operator give "
                "it that right in the namespace, as docs/adoption.md says.",
                reason="RemovalNotPermitted",
            )
        return found, Sight(without(self.snapshot, pin.uid))


_NOT_LOOKED = Finding(
    "ClusterNotLooked",
    "The cluster did not answer in time, so nobody looked whether objects of others stand in the "
    "way. Go on: the portal looks again before it writes anything.",
    Level.WARN,
    "namespace",
)
UNSEEN = Sight()


def look(cluster: Cluster, namespace: str, removes: Pin | None = None) -> Sight:
    """Return the cluster as it is now, for wishes of a namespace. Takes at most SECONDS.

    With `removes` the cluster is also asked, by a dry run, whether the portal may delete that.
    Call it outside of transactions. Raises LookNeededError within `begin_anew_after_looking`.
    """
    key = ("sight", cluster.pk, namespace, removes)
    return looked(key, lambda: _read(cluster, namespace, removes))


def _read(cluster: Cluster, namespace: str, removes: Pin | None) -> Sight:
    until = time.monotonic() + SECONDS
    profile = cluster.profile(settings.INSTALLATION)
    of_gateways = {profile.service_of(one).split(".")[1] for one in profile.gateways}
    pods_of = {namespace, profile.egress_namespace, *of_gateways}
    try:
        gateway = open_gateway(cluster, until=until).ending_by(until)
        require_same_cluster(cluster, gateway)
        snapshot = read_snapshot(gateway, pods_of=pods_of)
        refused = _try_removal(gateway, removes) if removes else ""
        return Sight(snapshot, removal_refused=refused)
    except (ClusterError, Unavailable) as error:
        logger.warning("cluster_not_looked", cluster=cluster.name, why=error.message[:300])
        return UNSEEN


def _try_removal(gateway: ClusterGateway, pin: Pin) -> str:
    """Return why the cluster would not let the portal delete an object, empty when it would."""
    kind = kinds.kind_of({"apiVersion": pin.key.api_version, "kind": pin.key.kind})
    try:
        gateway.delete(
            kind,
            pin.key.namespace,
            pin.key.name,
            uid=pin.uid,
            resource_version=pin.resource_version,
            dry_run=True,
        )
    except ClusterError as error:
        if error.retryable:
            raise
        return error.message
    return ""


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
