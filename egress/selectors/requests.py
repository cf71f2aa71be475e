"""Requests that somebody may read, the queue of an approver, and what happened so far."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from egress.domain.lifecycle import RequestStatus
from egress.models import Approval, AuditEvent, Comment, Person, Request
from egress.models.standing import Standing, standing_of
from egress.selectors.namespaces import pinned_filter


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened to a request or to a grant that came from it: an audit event.

    `note` is what the actor wrote about it, empty when nothing; `number` is the event's place in
    the audit trail.
    """

    at: datetime
    actor: str
    text: str
    tag: str
    note: str = ""
    number: int = 0


TIMELINE_LENGTH = 500


def visible_requests(person: Person | Standing) -> QuerySet[Request]:
    """Return the requests that the person may read, newest first."""
    standing = _standing(person)
    rows = Request.objects.select_related("cluster", "requester").prefetch_related("destinations")
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    return rows.filter(
        Q(requester_id=standing.person_id) | standing.approved_area() | pinned_filter(standing)
    )


def queue(person: Person | Standing) -> QuerySet[Request]:
    """Return the pending requests that the person may decide, oldest first."""
    standing = _standing(person)
    rows = Request.objects.filter(standing.approved_area(), status=RequestStatus.PENDING)
    return (
        rows.exclude(requester_id=standing.person_id)
        .exclude(renews__isnull=False, renews__request__requester_id=standing.person_id)
        .select_related("cluster", "requester", "renews__request")
        .prefetch_related("destinations", "approvals")
        .order_by("pk")
    )


def request_with_all(pk: int, person: Person | Standing) -> Request | None:
    """Return one request with everything its page shows, or None when it is not theirs to see."""
    comments = Comment.objects.select_related("author").order_by("pk")
    approvals = Approval.objects.select_related("approver").order_by("pk")
    return (
        visible_requests(person)
        .filter(pk=pk)
        .select_related("renews__cluster", "renews__request")
        .prefetch_related(
            Prefetch("comments", comments), Prefetch("approvals", approvals), "grants"
        )
        .first()
    )


def timeline(request: Request) -> list[TimelineEntry]:
    """Return what happened to the request and its grants, oldest first."""
    grants = [str(grant.pk) for grant in request.grants.all()]
    if request.renews_id:
        grants.append(str(request.renews_id))
    own = Q(target="request", target_id=str(request.pk))
    events = AuditEvent.objects.filter(own | Q(target="grant", target_id__in=grants))
    if request.renews_id:
        events = events.filter(own | Q(at__gte=request.created_at))
    latest = events.order_by("-sequence")[:TIMELINE_LENGTH]
    return [entry_of(event) for event in reversed(latest)]


def entry_of(event: AuditEvent) -> TimelineEntry:
    """Return an audit event as a line of a timeline."""
    note = event.data.get("note") if isinstance(event.data, dict) else ""
    return TimelineEntry(
        at=event.at,
        actor=event.actor,
        text=event.message,
        tag=event.tag,
        note=note if isinstance(note, str) else "",
        number=event.sequence,
    )


def approvals_in_force(request: Request) -> list[Approval]:
    """Return the approvals of the present revision, of a request from `request_with_all`."""
    given = request.approvals.all()
    return [one for one in given if one.revision == request.revision and one.cleared_at is None]


def _standing(person: Person | Standing) -> Standing:
    return person if isinstance(person, Standing) else standing_of(person)
