"""Grants that somebody may read, what needs their attention, and how far each has come."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from egress.domain.lifecycle import GrantStatus
from egress.domain.naming import base
from egress.models import Cluster, DeliveryStep, Grant, Person, Request
from egress.models.standing import Standing, standing_of
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import pinned_filter

NAMESPACE_SLICE = "namespace:"
STEPS_READ = 200


@dataclass(frozen=True)
class GrantProgress:
    """How far a grant has come: the last step for each of its objects, and words for it all."""

    grant: Grant
    steps: list[DeliveryStep]
    state_words: str


def visible_grants(person: Person | Standing, pinned: Q | None = None) -> QuerySet[Grant]:
    """Return the grants that the person may read, newest first.

    `pinned` is what `namespaces.pinned_now` said, where that was asked.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = with_clusters(Grant.objects.select_related("request__requester"))
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    return rows.filter(standing.approved_area() | (pinned or pinned_filter(standing)))


def is_settled(pk: int) -> bool:
    """Tell whether nothing more is awaited of a grant: it is in force, failed, ended, or gone."""
    return not _awaited().filter(pk=pk).exists()


def _awaited() -> QuerySet[Grant]:
    return Grant.objects.filter(status=GrantStatus.PENDING, failed_reason="")


def are_settled(request_id: int) -> bool:
    """Tell whether `is_settled` holds for every grant of a request."""
    return not _awaited().filter(request_id=request_id).exists()


def expiring_soon(person: Person | Standing) -> QuerySet[Grant]:
    """Return the visible grants that end within the reminder window, soonest first."""
    return visible_grants(person).filter(status=GrantStatus.EXPIRING).order_by("expires_at", "pk")


def failed(person: Person | Standing) -> QuerySet[Grant]:
    """Return the live grants that could not be applied, newest first."""
    return visible_grants(person).filter(ended_at__isnull=True).exclude(failed_reason="")


def progress(request: Request) -> list[GrantProgress]:
    """Return how far each grant of the request has come, in the order of its destinations."""
    grants = sorted(request.grants.all(), key=lambda grant: grant.pk)
    for grant in grants:
        grant.cluster, grant.request = request.cluster, request
    if request.renews is not None and not grants:
        grants = [request.renews]
    if not grants:
        return []
    steps = _latest_steps(grants)
    return [
        GrantProgress(grant, [step for step in steps if _concerns(step, grant)], words_for(grant))
        for grant in grants
    ]


def _latest_steps(grants: Sequence[Grant]) -> list[DeliveryStep]:
    """Return the last step for each object of `grants`, which share one namespace.

    A delivery touches what differs only, so the last one may be about other grants.
    """
    first, named = grants[0], Q()
    for grant in grants:
        named |= Q(name=base(grant.host)) | Q(name__startswith=f"{base(grant.host)}-")
    steps = DeliveryStep.objects.filter(
        named,
        namespace=first.namespace,
        delivery__slice__cluster=first.cluster,
        delivery__slice__key=f"{NAMESPACE_SLICE}{first.namespace}",
        delivery__started_at__gte=min(grant.created_at for grant in grants),
    )
    latest: dict[tuple[str, str], DeliveryStep] = {}
    for step in steps.order_by("-pk")[:STEPS_READ]:
        latest.setdefault((step.kind, step.name), step)
    return sorted(latest.values(), key=lambda step: step.pk)


def _concerns(step: DeliveryStep, grant: Grant) -> bool:
    stem = base(grant.host)
    return step.name == stem or step.name.startswith(f"{stem}-")


def words_for(grant: Grant) -> str:
    """Return where the grant stands, in a sentence that says what comes next."""
    if grant.failed_reason and grant.is_live:
        return f"It could not be applied: {grant.failed_message or grant.failed_reason}"
    if grant.drifted_at is not None and grant.is_live:
        return f"Somebody changed it in the cluster. {after_drift(grant)}"
    if not grant.is_live:
        return _words_for_ended(grant)
    return {
        GrantStatus.PENDING: "It waits for the worker to apply it.",
        GrantStatus.ACTIVE: "It is in force.",
        GrantStatus.EXPIRING: "It is in force and ends soon. Renew it if you still need it.",
        GrantStatus.SUSPENDED: "It is suspended. An approver has to resume it.",
    }[GrantStatus(grant.status)]


def after_drift(grant: Grant) -> str:
    """Return what becomes of changes made by hand in the cluster of the grant, in a sentence."""
    if grant.cluster.drift_policy == Cluster.DriftPolicy.HEAL:
        return "The portal writes the granted state back by itself."
    return (
        "This cluster only shows such changes: it stays so until an admin applies the grant again."
    )


def _words_for_ended(grant: Grant) -> str:
    if grant.confirmed_at is None:
        return f"It is {grant.status}; the worker is taking it out of the cluster."
    return f"It is {grant.status}, and was seen gone from the cluster."
