"""How a cluster and its namespaces stand, as rows for pages."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from egress.cluster.preflight import Level
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Cluster, Delivery, Grant, Namespace, Slice
from egress.models.standing import Standing
from egress.selectors.namespaces import visible_namespaces
from egress.services.outbox import namespace_key

BADGE_OF_LEVEL = {
    Level.BLOCK.value: "block",
    Level.WARN.value: "warn",
    Level.OK.value: "pass",
}
BADGE_ORDER = ("block", "warn", "unknown", "pass")
LATEST_DELIVERIES = 20
LONGEST_PROBLEM_LIST = 50


@dataclass(frozen=True)
class Check:
    """One line of the posture checklist. `state` is the name of a badge, `fix` what mends it."""

    state: str
    sentence: str
    fix: str


def checks_of(cluster: Cluster) -> list[Check]:
    """Return the posture checklist that was stored with the last look at the cluster."""
    found = [
        Check(
            BADGE_OF_LEVEL.get(str(row.get("level")), "unknown"),
            str(row.get("sentence", "")),
            str(row.get("fix", "")),
        )
        for row in cluster.checks
        if isinstance(row, dict)
    ]
    return sorted(found, key=lambda check: BADGE_ORDER.index(check.state))


def mesh_facts(cluster: Cluster) -> list[tuple[str, str]]:
    """Return what was read of the mesh, beyond the columns of the cluster, as pairs of words."""
    mesh = cluster.mesh if isinstance(cluster.mesh, dict) else {}
    capture = mesh.get("dns_capture")
    facts = [
        ("Outbound policy", mesh.get("outbound_policy")),
        ("DNS capture", None if capture is None else "on" if capture else "off"),
        ("Revisions", ", ".join(map(str, mesh.get("revisions") or []))),
        ("Not known", " ".join(map(str, mesh.get("unknown") or []))),
    ]
    return [(name, str(value)) for name, value in facts if value]


def gateways_of(cluster: Cluster) -> list[str]:
    """Return the full names of the Services of the cluster's egress gateways."""
    profile = cluster.profile(settings.INSTALLATION)
    return [profile.service_of(gateway) for gateway in profile.gateways]


def visible_slices(cluster: Cluster, standing: Standing) -> QuerySet[Slice]:
    """Return the slices somebody may know of: all, or those of the namespaces they see."""
    slices = Slice.objects.filter(cluster=cluster)
    if standing.sees_everything:
        return slices
    names = visible_namespaces(standing).filter(cluster=cluster).values_list("name", flat=True)
    return slices.filter(key__in=[namespace_key(name) for name in names])


def due_slices(slices: QuerySet[Slice]) -> list[Slice]:
    """Return what waits to be applied, or could not be, oldest first."""
    waiting = Q(wanted__gt=F("done")) | ~Q(problem_reason="")
    return list(slices.filter(waiting).order_by("due_at")[:LONGEST_PROBLEM_LIST])


def latest_deliveries(slices: QuerySet[Slice]) -> list[Delivery]:
    """Return the latest deliveries of some slices of one cluster, newest first."""
    deliveries = Delivery.objects.filter(slice__in=slices).select_related("slice")
    return list(deliveries.order_by("-pk")[:LATEST_DELIVERIES])


def with_grant_counts(namespaces: QuerySet[Namespace]) -> QuerySet[Namespace]:
    """Add `open_grants` to each namespace: how many destinations it may reach now."""
    grants = (
        Grant.objects.filter(
            cluster=OuterRef("cluster"),
            namespace=OuterRef("name"),
            status__in=sorted(OPEN_GRANT_STATUSES),
        )
        .order_by()
        .values("namespace")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return namespaces.annotate(open_grants=Coalesce(Subquery(grants), 0))
