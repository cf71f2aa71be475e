"""Which clusters somebody may see, and how they are."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from egress.models import Cluster, Delivery, Grant, Namespace, Person, Slice
from egress.models.standing import Standing, standing_of


@dataclass(frozen=True)
class ClusterFacts:
    """How a cluster is now: how much waits for it, since when, and what went wrong last."""

    cluster: Cluster
    namespaces: int
    open_grants: int
    failed_grants: int
    drifted_grants: int
    waiting_slices: int
    waiting_since: datetime | None
    last_delivery: Delivery | None


def visible_clusters(person: Person | Standing) -> QuerySet[Cluster]:
    """Return the clusters that the person may see: all, or those with a namespace for them."""
    standing = person if isinstance(person, Standing) else standing_of(person)
    clusters = Cluster.objects.order_by("name")
    if standing.sees_everything:
        return clusters
    if not standing.is_active:
        return clusters.none()
    if any(scope.cluster_id is None for scope in standing.scopes):
        return clusters
    owned = Namespace.objects.filter(
        standing.owned_namespaces(), cluster=OuterRef("pk"), gone_at__isnull=True
    )
    scoped = [scope.cluster_id for scope in standing.scopes]
    return clusters.filter(Q(Exists(owned)) | Q(pk__in=scoped))


def facts_of(cluster: Cluster) -> ClusterFacts:
    """Return how the cluster is now."""
    grants = Grant.objects.filter(cluster=cluster, ended_at__isnull=True)
    waiting = Slice.objects.filter(cluster=cluster, wanted__gt=F("done")).order_by("due_at")
    return ClusterFacts(
        cluster=cluster,
        namespaces=cluster.namespaces.filter(gone_at__isnull=True).count(),
        open_grants=grants.count(),
        failed_grants=grants.exclude(failed_reason="").count(),
        drifted_grants=grants.filter(drifted_at__isnull=False).count(),
        waiting_slices=waiting.count(),
        waiting_since=waiting.values_list("due_at", flat=True).first(),
        last_delivery=cluster.deliveries.order_by("-pk").first(),
    )
