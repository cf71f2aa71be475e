"""Whether clusters can be reached, noted once per change."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from egress.cluster.errors import ClusterError, Fault
from egress.models import Cluster
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag

ACTOR = Actor.system("convergence")
NOTE_EVERY = timedelta(seconds=30)
UNREACHABLE = frozenset({Fault.UNREACHABLE, Fault.TIMEOUT, Fault.UNAUTHORIZED, Fault.CREDENTIALS})


def is_unreachable(error: ClusterError) -> bool:
    """Tell whether an error is about the cluster as a whole, not about one call."""
    return error.fault in UNREACHABLE


def note_reached(cluster: Cluster) -> None:
    """Store that a cluster answered as itself; not more often than NOTE_EVERY."""
    row = Cluster.objects.filter(pk=cluster.pk)
    is_old = Q(reached_at=None) | Q(reached_at__lt=Now() - NOTE_EVERY)
    # Read first: an UPDATE that changes nothing waits for all who write, too.
    if not row.filter(is_old | Q(reachable=False)).exists():
        return
    row.filter(is_old, reachable=True).update(reached_at=Now())
    with transaction.atomic():
        if row.filter(reachable=False).update(reachable=True, problem="", reached_at=Now()):
            _record(Tag.CLUSTER_REACHABLE, cluster, f'Cluster "{cluster.name}" answers again.')


def note_unreachable(cluster: Cluster, why: str) -> None:
    """Store that a cluster could not be reached, or is not itself; `why` is a sentence."""
    row = Cluster.objects.filter(pk=cluster.pk)
    if not row.filter(reachable=True).exists():
        row.exclude(problem=why[:500]).update(problem=why[:500])
        return
    with transaction.atomic():
        if row.filter(reachable=True).update(reachable=False, problem=why[:500]):
            message = f'Cluster "{cluster.name}" cannot be served now: {why}'
            _record(Tag.CLUSTER_UNREACHABLE, cluster, message)


def _record(tag: Tag, cluster: Cluster, message: str) -> None:
    audit.record(
        tag=tag,
        actor=ACTOR,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=message,
    )
