"""What an audit event means for people: the words, and who is meant by them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from django.db import InterfaceError, OperationalError

from egress.domain.lifecycle import RequestStatus
from egress.domain.notices import Kind, cluster_link, counted, grant_link, request_link
from egress.domain.wording import quoted
from egress.models import AuditEvent, Cluster, Grant, Request
from egress.selectors.joins import with_clusters
from egress.services.audit import Tag

logger = structlog.get_logger(__name__)

REQUEST_TAGS = frozenset({Tag.REQUEST_SUBMITTED, Tag.REQUEST_EDITED})
DECISION_TAGS: Mapping[str, str] = {
    Tag.REQUEST_APPROVED: "was approved",
    Tag.REQUEST_DENIED: "was denied",
    Tag.REQUEST_LAPSED: "lapsed",
}
GRANT_TAGS: Mapping[str, Kind] = {
    Tag.GRANT_ACTIVATED: Kind.APPLIED,
    Tag.GRANT_RESUMED: Kind.APPLIED,
    Tag.GRANT_FAILED: Kind.FAILED,
    Tag.GRANT_SUSPENDED: Kind.FAILED,
    Tag.GRANT_REVOKED: Kind.FAILED,
    Tag.GRANT_LAPSED: Kind.FAILED,
    Tag.GRANT_EXPIRING: Kind.EXPIRING,
}
CLUSTER_TAGS: Mapping[str, str] = {
    Tag.DRIFT_FOUND: "Cluster {} differs from what was granted",
    Tag.SWEEP_BRAKED: "Removals in cluster {} wait for an admin",
    Tag.CLUSTER_UNREACHABLE: "Cluster {} cannot be served",
}
SETTLING_TAGS = frozenset({*DECISION_TAGS, Tag.REQUEST_WITHDRAWN})
"""After these nobody has to decide a request any more."""

TOLD_TAGS = frozenset({*REQUEST_TAGS, *SETTLING_TAGS, *GRANT_TAGS, *CLUSTER_TAGS})
_TITLE, _TEXT = 200, 1000
_GRANT_TITLES: Mapping[str, str] = {
    Tag.GRANT_ACTIVATED: "{} may reach {} now",
    Tag.GRANT_RESUMED: "Access of {} to {} was resumed",
    Tag.GRANT_FAILED: "Access of {} to {} could not be applied",
    Tag.GRANT_SUSPENDED: "Access of {} to {} is suspended",
    Tag.GRANT_REVOKED: "Access of {} to {} was revoked",
    Tag.GRANT_LAPSED: "Access of {} to {} lapsed",
    Tag.GRANT_EXPIRING: "Access of {} to {} ends soon",
}


@dataclass(frozen=True)
class Draft:
    """One thing to tell, before it is known to whom.

    `event` is the number of the last audit event it tells of, `actor` the sign-in name of who
    did it, who need not be told, empty for the portal itself. `repeats` is true of what may come
    and go with every sweep: drafts of one kind and the same `about` then tell the same.
    """

    event: int
    kind: Kind
    title: str
    text: str
    link: str
    about: str
    actor: str = ""
    repeats: bool = False
    request: Request | None = None
    grants: tuple[Grant, ...] = field(default=())
    cluster: Cluster | None = None

    @property
    def place(self) -> tuple[int | None, str]:
        """Return cluster (its primary key) and namespace; the namespace may be empty."""
        row = self.request or (self.grants[0] if self.grants else None)
        if row is not None:
            return row.cluster_id, row.namespace
        return (self.cluster.pk if self.cluster else None), ""


def drafts_of(events: Iterable[AuditEvent]) -> list[Draft]:
    """Return what is to tell of some events, in their order.

    Grants of one request that had the same fate by the same hand are told of together, and so are
    differences of one cluster.
    """
    told = list(events)
    known = _Known(told)
    together: dict[tuple[str, str, str], list[AuditEvent]] = {}
    for event in told:
        if key := known.key_of(event):
            together.setdefault(key, []).append(event)
    drafts = []
    for (_, target, _), group in together.items():
        try:
            draft = _COMPOSERS[target](known, group)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One event that nobody expected must not keep people from hearing of the next.
            logger.exception("event_not_told", number=group[-1].sequence, tag=group[-1].tag)
            continue
        if draft:
            drafts.append(draft)
    return sorted(drafts, key=lambda draft: draft.event)


class _Known:
    """The rows that some events are about, read at once."""

    def __init__(self, events: list[AuditEvent]) -> None:
        requests, grants = _ids(events, "request"), _ids(events, "grant")
        rows = with_clusters(Request.objects.select_related("requester", "renews__request"))
        self.requests = rows.prefetch_related("destinations").in_bulk(requests)
        held = with_clusters(Grant.objects.select_related("request__requester"))
        self.grants = held.in_bulk(grants)
        names = {event.cluster for event in events if event.tag in CLUSTER_TAGS}
        found = Cluster.objects.filter(name__in=names) if names else ()
        self.clusters = {cluster.name: cluster for cluster in found}

    def key_of(self, event: AuditEvent) -> tuple[str, str, str] | None:
        """Return what an event is told together with, None when nobody needs to hear of it."""
        if event.tag in CLUSTER_TAGS:
            return (event.tag, "cluster", event.cluster) if event.cluster in self.clusters else None
        number = int(event.target_id) if event.target_id.isdecimal() else 0
        if event.tag in GRANT_TAGS and number in self.grants:
            # Who did it is not told, so what others did is another thing to tell.
            return event.tag, "grant", f"{self.grants[number].request_id} {_person_in(event)}"
        if event.tag in REQUEST_TAGS and number in self.requests:
            return "request", "asked", event.target_id
        if event.tag in DECISION_TAGS and number in self.requests:
            return event.tag, "decided", event.target_id
        return None


def _ids(events: list[AuditEvent], target: str) -> list[int]:
    return [
        int(event.target_id)
        for event in events
        if event.target == target and event.target_id.isdecimal()
    ]


def _asked(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    request = known.requests[int(event.target_id)]
    if request.status != RequestStatus.PENDING:
        return None
    hosts = [f"{row.host}:{row.port}" for row in request.destinations.all()]
    verb = "asks to renew" if request.renews_id else "asks for"
    if event.tag == Tag.REQUEST_EDITED:
        verb = "changed the request for"
    return Draft(
        event=event.sequence,
        kind=Kind.TO_DECIDE,
        title=f"{request.requester} {verb} access of {request.subject}"[:_TITLE],
        text=f"To {counted(hosts)}. Reason: {' '.join(request.reason.split())}"[:_TEXT],
        link=request_link(request.pk),
        about=f"request:{request.pk}",
        actor=_person_in(event),
        request=request,
    )


def _decided(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    request = known.requests[int(event.target_id)]
    fate = DECISION_TAGS[event.tag]
    by = f" by {request.decided_by}" if event.tag != Tag.REQUEST_LAPSED else ""
    note = f" {' '.join(request.decision_note.split())}" if request.decision_note else ""
    return Draft(
        event=event.sequence,
        kind=Kind.DECIDED,
        title=f"Request #{request.pk} for {request.subject} {fate}{by}"[:_TITLE],
        text=f"{event.message}{note}"[:_TEXT],
        link=request_link(request.pk),
        about=f"request:{request.pk}",
        actor=_person_in(event),
        request=request,
    )


def _about_grants(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    grants = tuple(dict.fromkeys(known.grants[int(one.target_id)] for one in group))
    first = grants[0]
    hosts = [f"{grant.host}:{grant.port}" for grant in grants]
    title = _GRANT_TITLES[event.tag].format(first.subject, counted(hosts, 2))
    alone = len(grants) == 1
    return Draft(
        event=event.sequence,
        kind=GRANT_TAGS[event.tag],
        title=title[:_TITLE],
        text=_text_about(event, grants)[:_TEXT],
        link=grant_link(first.pk) if alone else request_link(first.request_id),
        about=f"grant:{first.pk}:{event.tag}",
        actor=_person_in(event),
        repeats=event.tag == Tag.GRANT_FAILED,
        grants=grants,
    )


def _text_about(event: AuditEvent, grants: tuple[Grant, ...]) -> str:
    if event.tag != Tag.GRANT_EXPIRING:
        return event.message
    ends = min((grant.expires_at for grant in grants if grant.expires_at), default=None)
    if ends is None:
        return "It has no end date any more."
    return f"It ends on {ends:%Y-%m-%d at %H:%M} UTC. Renew it if you still need it."


def _about_cluster(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    more = f" And {len(group) - 1} more." if len(group) > 1 else ""
    cluster = known.clusters[event.cluster]
    return Draft(
        event=event.sequence,
        kind=Kind.DRIFT,
        title=CLUSTER_TAGS[event.tag].format(quoted(cluster.name))[:_TITLE],
        text=f"{event.message[: _TEXT - len(more)]}{more}",
        link=cluster_link(cluster.name),
        about=f"cluster:{cluster.pk}:{event.tag}"[:64],
        repeats=True,
        cluster=cluster,
    )


def _person_in(event: AuditEvent) -> str:
    # Workers act under names of their own, which somebody may bear, too.
    return "" if event.source == "worker" else event.actor


_COMPOSERS: Mapping[str, Callable[[_Known, list[AuditEvent]], Draft | None]] = {
    "asked": _asked,
    "decided": _decided,
    "grant": _about_grants,
    "cluster": _about_cluster,
}
