"""The audit trail as somebody may read it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from egress.models import AuditCheck, AuditEvent, AuditHead, Cluster, Namespace, Person, Request
from egress.models.standing import Standing, standing_of

LISTED = 500
"""How many of somebody's requests are named one by one in a query."""


@dataclass(frozen=True)
class Coverage:
    """What a verification of the chain says: events 1 to `covered` are sound, `since` are newer."""

    covered: int
    since: int


@dataclass(frozen=True)
class Beside:
    """The neighbours of an event among those about the same thing; None where there is none."""

    before: AuditEvent | None
    after: AuditEvent | None


def visible_events(person: Person | Standing) -> QuerySet[AuditEvent]:
    """Return the events that the person may read, newest first.

    Admins and auditors read everything; others what happened in namespaces they may know of, to
    their own requests, and what they did themselves.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    events = AuditEvent.objects.all()
    if standing.sees_everything:
        return events
    if not standing.is_active:
        return events.none()
    return events.filter(
        (Q(actor=standing.username) & ~Q(source="worker"))
        | Q(target="request", target_id__in=_own_requests(standing))
        | _owned(standing)
        | _approved(standing)
    )


def latest_check() -> AuditCheck | None:
    """Return the last verification of the chain, None before the first."""
    return AuditCheck.objects.order_by("-pk").first()


def _own_requests(standing: Standing) -> list[str] | QuerySet[Request, str]:
    """Return the numbers of the person's requests, as events spell them.

    As a list where there are not too many: an index finds what stands in a list, but not what
    another query has yet to say.
    """
    own = Request.objects.filter(requester_id=standing.person_id)
    numbers = [str(pk) for pk in own.order_by("-pk").values_list("pk", flat=True)[: LISTED + 1]]
    if len(numbers) <= LISTED:
        return numbers
    return own.annotate(number=Cast("pk", CharField())).values_list("number", flat=True)


def _owned(standing: Standing) -> Q:
    """Return the filter of what happened in the namespaces of the person's teams.

    Events name namespaces. Where an earlier namespace of the same name belonged to others, only
    what happened after it was gone is theirs to read.
    """
    where = Q(pk__in=())
    if not (standing.is_active and standing.teams):
        return where
    mine = Namespace.objects.filter(standing.owned_namespaces()).select_related("cluster")
    others = Namespace.objects.exclude(standing.owned_namespaces())
    gone: dict[tuple[int, str], list[datetime | None]] = {}
    for cluster_id, name, at in others.filter(name__in=mine.order_by().values("name")).values_list(
        "cluster_id", "name", "gone_at"
    ):
        gone.setdefault((cluster_id, name), []).append(at)
    together: dict[str, set[str]] = {}
    for row in mine:
        ends = gone.get((row.cluster_id, row.name), [])
        if not ends:
            together.setdefault(row.cluster.name, set()).add(row.name)
        elif None not in ends:
            since = max(at for at in ends if at is not None)
            where |= Q(cluster=row.cluster.name, namespace=row.name, at__gt=since)
    for cluster, names in together.items():
        where |= Q(cluster=cluster, namespace__in=sorted(names))
    return where


def _approved(standing: Standing) -> Q:
    """Return the filter of what happened within the person's scopes as an approver."""
    where = Q(pk__in=())
    names = dict(Cluster.objects.values_list("pk", "name")) if standing.scopes else {}
    for scope in standing.scopes:
        if scope.regex is None:
            continue
        inside = ~Q(namespace="")
        if scope.cluster_id is not None:
            inside &= Q(cluster=names.get(scope.cluster_id, ""))
        if scope.namespaces != "*":
            inside &= Q(namespace__regex=scope.regex)
        where |= inside
    return where


def covered_by(check: AuditCheck | None) -> Coverage:
    """Return which events the last verification covers, and how many came after it."""
    head = AuditHead.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    covered = check.events if check and check.valid else 0
    return Coverage(covered, max(0, head - covered))


def beside(event: AuditEvent, person: Person | Standing) -> Beside:
    """Return the events about the same thing right before and after `event`, as far as visible."""
    same = visible_events(person).filter(target=event.target, target_id=event.target_id)
    return Beside(
        before=same.filter(sequence__lt=event.sequence).order_by("-sequence").first(),
        after=same.filter(sequence__gt=event.sequence).order_by("sequence").first(),
    )
