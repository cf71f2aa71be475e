"""Requests that somebody may read, the queue of an approver, and what happened so far."""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from django.db.models import (
    F,
    FilteredRelation,
    JSONField,
    Prefetch,
    Q,
    QuerySet,
    Value,
    prefetch_related_objects,
)

from egress.domain.lifecycle import RequestStatus
from egress.models import Approval, AuditEvent, Person, Request
from egress.models.standing import Standing, standing_of
from egress.selectors.grants import are_settled
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import pinned_filter
from egress.selectors.rule_book import beside


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


@dataclass(frozen=True)
class Said:
    """What somebody wrote below a request."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True)
class Talk:
    """What the audit trail tells of a request, and the comments below it, oldest first.

    Of a longer trail these are the latest TIMELINE_LENGTH events.
    """

    timeline: list[TimelineEntry]
    comments: list[Said]


TIMELINE_LENGTH = 500


def visible_requests(person: Person | Standing, pinned: Q | None = None) -> QuerySet[Request]:
    """Return the requests that the person may read, newest first.

    `pinned` is what `namespaces.pinned_now` said, where that was asked.
    """
    standing = _standing(person)
    rows = with_clusters(Request.objects.select_related("requester"))
    rows = rows.prefetch_related("destinations")
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    return rows.filter(
        Q(requester_id=standing.person_id)
        | standing.approved_area()
        | standing.named_requests()
        | (pinned or pinned_filter(standing)),
        standing.reachable(),
    )


def has_come_to_rest(pk: int) -> bool:
    """Tell whether the request ended, or was approved and nothing is awaited of its grants."""
    pending = Request.objects.filter(pk=pk, status=RequestStatus.PENDING)
    return not pending.exists() and are_settled(pk)


def queue(person: Person | Standing) -> QuerySet[Request]:
    """Return the pending requests of which the person may decide something, oldest first."""
    standing = _standing(person)
    rows = Request.objects.filter(standing.decided_requests(), status=RequestStatus.PENDING)
    own = standing.asks_as(standing.person_id)
    in_force = _in_force(Approval.objects.all())
    return (
        with_clusters(rows.exclude(requester__in=own))
        .exclude(renews__isnull=False, renews__request__requester__in=own)
        .select_related("requester", "renews__request")
        .prefetch_related("destinations", Prefetch("approvals", in_force, "in_force"))
        .order_by("pk")
    )


def request_with_all(pk: int, person: Person | Standing) -> Request | None:
    """Return one request with everything its page shows, or None when it is not theirs to see.

    That is everything but what `talk_of` returns.
    """
    in_force = FilteredRelation(
        "approvals",
        condition=Q(approvals__revision=F("revision"), approvals__cleared_at__isnull=True),
    )
    looked_at = ("break_glass__opened_by", "break_glass__looked_by")
    renewed = ("renews__cluster", "renews__request__requester")
    rows = list(
        beside(visible_requests(person).filter(pk=pk))
        .annotate(given=in_force)
        # The relation that was just named is not known to the plug-in.
        .select_related("given__approver", "adoption", *renewed, *looked_at)  # type: ignore[misc]
        # Of one request the posture is read with the rest: it tells what its way is worth.
        .defer(None)
        .order_by("given__pk")
    )
    if not rows:
        return None
    found = rows[0]
    if not found.is_pending:
        # Nothing is granted before.
        prefetch_related_objects([found], "grants")
    found.in_force = [  # type: ignore[attr-defined]
        row.given for row in rows if hasattr(row, "given")
    ]
    return found


def talk_of(request: Request) -> Talk:
    """Return what happened to the request and its grants, and what people said, oldest first."""
    grants = [] if request.is_pending else [str(grant.pk) for grant in request.grants.all()]
    if request.renews_id:
        grants.append(str(request.renews_id))
    own = Q(target="request", target_id=str(request.pk))
    events = AuditEvent.objects.filter(own | Q(target="grant", target_id__in=grants))
    if request.renews_id:
        events = events.filter(own | Q(at__gte=request.created_at))
    latest = events.order_by("-sequence").values("sequence")[:TIMELINE_LENGTH]
    told = AuditEvent.objects.filter(sequence__in=latest).order_by()
    said = request.comments.order_by().values_list(
        "pk", "written_at", "author__username", "text", Value(""), Value(None, JSONField())
    )
    columns = ("sequence", "at", "actor", "message", "tag", "data")
    rows = sorted(told.values_list(*columns).union(said, all=True), key=itemgetter(0))
    return Talk(
        [_entry(*row) for row in rows if row[4]],
        [Said(at, author, text) for _, at, author, text, tag, _ in rows if not tag],
    )


def entry_of(event: AuditEvent) -> TimelineEntry:
    """Return an audit event as a line of a timeline."""
    return _entry(event.sequence, event.at, event.actor, event.message, event.tag, event.data)


def _entry(
    number: int, at: datetime, actor: str, text: str, tag: str, data: object
) -> TimelineEntry:
    note = data.get("note") if isinstance(data, dict) else ""
    return TimelineEntry(
        at=at,
        actor=actor,
        text=text,
        tag=tag,
        note=note if isinstance(note, str) else "",
        number=number,
    )


def approvals_in_force(request: Request) -> list[Approval]:
    """Return the approvals of the present revision; they are there from where pages read it."""
    known: list[Approval] | None = getattr(request, "in_force", None)
    return list(_in_force(request.approvals.all())) if known is None else known


def _in_force(approvals: QuerySet[Approval]) -> QuerySet[Approval]:
    now = approvals.filter(revision=F("request__revision"), cleared_at__isnull=True)
    return now.select_related("approver").order_by("pk")


def _standing(person: Person | Standing) -> Standing:
    return person if isinstance(person, Standing) else standing_of(person)
