"""The audit trail as somebody may read it."""

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from egress.models import AuditCheck, AuditEvent, Cluster, Namespace, Person, Request
from egress.models.standing import Standing, standing_of


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
    own = Request.objects.filter(requester_id=standing.person_id)
    numbers = own.annotate(number=Cast("pk", CharField())).values("number")
    return events.filter(
        (Q(actor=standing.username) & ~Q(source="worker"))
        | Q(target="request", target_id__in=numbers)
        | _owned(standing)
        | _approved(standing)
    )


def latest_check() -> AuditCheck | None:
    """Return the last verification of the chain, None before the first."""
    return AuditCheck.objects.order_by("-pk").first()


def _owned(standing: Standing) -> Q:
    """Return the filter of what happened in the namespaces of the person's teams.

    Events name namespaces. Where an earlier namespace of the same name belonged to others, only
    what happened after it was gone is theirs to read.
    """
    where = Q(pk__in=())
    if not (standing.is_active and standing.teams):
        return where
    mine = Namespace.objects.filter(standing.owned_namespaces()).select_related("cluster")
    together: dict[str, list[str]] = {}
    for row in mine:
        namesakes = Namespace.objects.filter(cluster=row.cluster, name=row.name)
        others = namesakes.exclude(standing.owned_namespaces())
        gone = list(others.values_list("gone_at", flat=True))
        if not gone:
            together.setdefault(row.cluster.name, []).append(row.name)
        elif None not in gone:
            since = max(at for at in gone if at is not None)
            where |= Q(cluster=row.cluster.name, namespace=row.name, at__gt=since)
    for cluster, names in together.items():
        where |= Q(cluster=cluster, namespace__in=names)
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
