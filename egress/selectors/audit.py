"""The audit trail as somebody may read it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from egress.models import AuditCheck, AuditEvent, AuditHead, Cluster, Person, Request
from egress.models.standing import Standing, standing_of
from egress.selectors.namespaces import owned_places

NUMBERS_LISTED = 500
"""Up to how many own requests are named in a query; more are looked up within it."""


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
        | _approved(standing),
        _reachable(standing),
    )


def _reachable(standing: Standing) -> Q:
    """Return the filter of events within the limits of the token that is used; empty for all."""
    if standing.limits is None:
        return Q()
    named = Cluster.objects.filter(pk__in=standing.limits.clusters).values_list("name", flat=True)
    inside = Q(cluster__in=list(named)) if standing.limits.clusters else ~Q(pk__in=())
    return inside & standing.limits.names("namespace")


def latest_check() -> AuditCheck | None:
    """Return the last verification of the chain, None before the first.

    Its `head` is the number of the last event now.
    """
    head = AuditHead.objects.filter(pk=1).values("sequence")
    return AuditCheck.objects.annotate(head=Subquery(head[:1])).order_by("-pk").first()


def _own_requests(standing: Standing) -> Collection[str] | QuerySet[Any]:
    """Return the numbers of the requests that the person made.

    As a list where they are few: then all that is theirs is found by index, and somebody to whom
    little happened waits no longer than others.
    """
    own = Request.objects.filter(requester_id=standing.person_id)
    keys = list(own.order_by("-pk").values_list("pk", flat=True)[: NUMBERS_LISTED + 1])
    if len(keys) <= NUMBERS_LISTED:
        return [str(key) for key in keys]
    return own.annotate(number=Cast("pk", CharField())).values("number")


def _owned(standing: Standing) -> Q:
    """Return the filter of what happened in the namespaces of the person's teams."""
    where, together = Q(pk__in=()), dict[str, list[str]]()
    for place in owned_places(standing):
        if place.since is None:
            together.setdefault(place.cluster, []).append(place.name)
        else:
            where |= Q(cluster=place.cluster, namespace=place.name, at__gt=place.since)
    for cluster, names in together.items():
        where |= Q(cluster=cluster, namespace__in=names)
    return where


def _approved(standing: Standing) -> Q:
    """Return the filter of what happened within the person's scopes as an approver."""
    where = Q(pk__in=())
    where_named = {one.cluster_id for one in standing.scopes if one.cluster_id is not None}
    named = Cluster.objects.filter(pk__in=where_named).values_list("pk", "name")
    names = dict(named) if where_named else {}
    for scope in standing.scopes:
        if not scope.is_valid:
            continue
        inside = ~Q(namespace="")
        if scope.cluster_id is not None:
            inside &= Q(cluster=names.get(scope.cluster_id, ""))
        inside &= scope.within("namespace")
        where |= inside
    return where


def covered_by(check: AuditCheck | None) -> Coverage:
    """Return which events the last verification covers, and how many came after it.

    Without one nothing is covered, and nothing came after it.
    """
    if check is None:
        return Coverage(0, 0)
    covered = check.events if check.valid else 0
    return Coverage(covered, max(0, (getattr(check, "head", None) or 0) - covered))


def beside(event: AuditEvent, person: Person | Standing) -> Beside:
    """Return the events about the same thing right before and after `event`, as far as visible."""
    same = visible_events(person).filter(target=event.target, target_id=event.target_id)
    return Beside(
        before=same.filter(sequence__lt=event.sequence).order_by("-sequence").first(),
        after=same.filter(sequence__gt=event.sequence).order_by("sequence").first(),
    )
