"""Which clusters somebody may see, and how they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from egress.models import Cluster, Grant, Namespace, Person, Slice
from egress.models.standing import Standing, standing_of
from egress.selectors.counting import CountOf

COUNTED_AT_MOST = 10_000
"""Where counting ends: nobody reads the number any more, and it would take ever longer."""


@dataclass(frozen=True)
class ClusterFacts:
    """How a cluster is now: how much waits for it, since when, and how many grants went wrong.

    Numbers end one above COUNTED_AT_MOST: then there are more.
    """

    cluster: Cluster
    namespaces: int
    open_grants: int
    failed_grants: int
    drifted_grants: int
    waiting_slices: int
    waiting_since: datetime | None


def visible_clusters(person: Person | Standing) -> QuerySet[Cluster]:
    """Return the clusters that the person may see: all, or those with a namespace for them.

    Every page asks for them, so the posture of each is read where somebody looks at it.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    clusters = Cluster.objects.order_by("name").defer("posture")
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


def facts_of(clusters: QuerySet[Cluster]) -> list[ClusterFacts]:
    """Return how each cluster is now, in one query however many there are."""
    grants = Grant.objects.filter(cluster=OuterRef("pk"), ended_at__isnull=True)
    waiting = Slice.objects.filter(cluster=OuterRef("pk"), wanted__gt=F("done"))
    present = Namespace.objects.filter(cluster=OuterRef("pk"), gone_at__isnull=True)
    figures = {
        "namespaces": _number(present),
        "open_grants": _number(grants),
        "failed_grants": _number(grants.exclude(failed_reason="")),
        "drifted_grants": _number(grants.filter(drifted_at__isnull=False)),
        "waiting_slices": _number(waiting),
        "waiting_since": Subquery(waiting.order_by("due_at").values("due_at")[:1]),
    }
    read = clusters.annotate(**{f"_{name}": figure for name, figure in figures.items()})
    return [
        ClusterFacts(cluster, **{name: getattr(cluster, f"_{name}") for name in figures})
        for cluster in read
    ]


def _number(rows: QuerySet[Any]) -> CountOf:
    return CountOf(rows.order_by().values("pk")[: COUNTED_AT_MOST + 1])
