"""What an audit event means for people: the words, and who is meant by them."""

from collections.abc import Callable, Iterable, Mapping

import structlog
from django.db import InterfaceError, OperationalError

from egress.domain.lifecycle import RequestStatus
from egress.domain.notices import (
    Kind,
    cluster_link,
    counted,
    grant_link,
    request_link,
)
from egress.domain.wording import quoted
from egress.models import ApiToken, AuditEvent, Cluster, Grant, Request
from egress.selectors.joins import with_clusters
from egress.services.audit import Tag
from egress.services.notifications import recertifying
from egress.services.notifications.draft import TEXT, TITLE, Draft
from egress.services.notifications.tags import (
    BREAK_GLASS_TAGS,
    CLUSTER_TAGS,
    DECISION_TAGS,
    GRANT_TAGS,
    REQUEST_TAGS,
    WAITING_TAGS,
)

logger = structlog.get_logger(__name__)

_BESIDE = ("requester", "renews__request", "break_glass__opened_by", "break_glass__looked_by")
_GRANT_TITLES: Mapping[str, str] = {
    Tag.GRANT_ACTIVATED: "{} may reach {} now",
    Tag.GRANT_RESUMED: "Access of {} to {} was resumed",
    Tag.GRANT_FAILED: "Access of {} to {} could not be applied",
    Tag.GRANT_SUSPENDED: "Access of {} to {} is suspended",
    Tag.GRANT_REVOKED: "Access of {} to {} was revoked",
    Tag.GRANT_LAPSED: "Access of {} to {} lapsed",
    Tag.GRANT_EXPIRING: "Access of {} to {} ends soon",
}


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
        rows = with_clusters(Request.objects.select_related(*_BESIDE))
        self.requests = rows.prefetch_related("destinations").in_bulk(requests)
        held = with_clusters(Grant.objects.select_related("request__requester", "recertification"))
        self.grants = held.in_bulk(grants)
        tokens = ApiToken.objects.filter(revoked_at=None).select_related("owner")
        self.tokens = tokens.in_bulk(_ids(events, "token"))
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
        if event.tag in recertifying.TAGS and number in self.grants:
            return recertifying.key_of(event, self.grants[number])
        if event.tag in REQUEST_TAGS and number in self.requests:
            return "request", "asked", event.target_id
        if event.tag == Tag.TOKEN_EXPIRING and number in self.tokens:
            return event.tag, "token", event.target_id
        if event.tag in WAITING_TAGS and number in self.requests:
            return event.tag, "waiting", event.target_id
        if event.tag in BREAK_GLASS_TAGS and number in self.requests:
            return event.tag, "at once", event.target_id
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
    verb = "asks to renew" if request.renews_id else "asks for"
    if event.tag == Tag.REQUEST_EDITED:
        verb = "changed the request for"
    return _about_request(
        event,
        request,
        Kind.TO_DECIDE,
        f"{request.requester} {verb} access of {request.subject}",
        f"To {_hosts_of(request)}. Reason: {' '.join(request.reason.split())}",
    )


def _waiting(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    request = known.requests[int(event.target_id)]
    if request.status != RequestStatus.PENDING:
        return None
    kind = WAITING_TAGS[event.tag]
    ends = f"It lapses on {request.lapses_at:%Y-%m-%d at %H:%M} UTC."
    whom = "you" if kind is Kind.REMINDER else "its approvers"
    return _about_request(
        event,
        request,
        kind,
        f"Request #{request.pk} of {request.requester} still waits for {whom}",
        f"{request.subject} to {_hosts_of(request)}. {ends}",
    )


def _decided(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    request = known.requests[int(event.target_id)]
    fate = DECISION_TAGS[event.tag]
    by = f" by {request.decided_by}" if event.tag != Tag.REQUEST_LAPSED else ""
    note = f" {' '.join(request.decision_note.split())}" if request.decision_note else ""
    return _about_request(
        event,
        request,
        Kind.DECIDED,
        f"Request #{request.pk} for {request.subject} {fate}{by}",
        f"{event.message}{note}",
    )


def _opened_at_once(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    request = known.requests[int(event.target_id)]
    opening = request.break_glass
    title, why = f"{opening.opened_by} broke the glass for {request.subject}", opening.reason
    if event.tag == Tag.BREAK_GLASS_LOOKED:
        fate = "confirmed" if opening.outcome == opening.Outcome.CONFIRMED else "ended"
        title = f"{opening.looked_by} {fate} what was opened by break-glass for {request.subject}"
        # Otherwise nobody would go on reading that some of it is open still.
        title += ", but not what was renewed" if event.data.get("kept") else ""
        why = opening.note
    elif event.tag == Tag.BREAK_GLASS_LAPSED:
        title, why = f"Nobody looked at what was opened for {request.subject}", ""
    said = f" Reason: {' '.join(why.split())}" if why else ""
    text = f"To {_hosts_of(request)}. {event.message}{said}"
    return _about_request(event, request, Kind.BREAK_GLASS, title, text)


def _about_request(event: AuditEvent, request: Request, kind: Kind, title: str, text: str) -> Draft:
    return Draft(
        event=event.sequence,
        kind=kind,
        title=title[:TITLE],
        text=text[:TEXT],
        link=request_link(request.pk),
        about=f"request:{request.pk}",
        actor=_person_in(event),
        request=request,
    )


def _hosts_of(request: Request) -> str:
    return counted([f"{row.host}:{row.port}" for row in request.destinations.all()])


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
        title=title[:TITLE],
        text=_text_about(event, grants)[:TEXT],
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


def _recertify(known: _Known, group: list[AuditEvent]) -> Draft | None:
    grants = dict.fromkeys(known.grants[int(one.target_id)] for one in group)
    return recertifying.draft_of(group[-1], tuple(grants))


def _about_cluster(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    more = f" And {len(group) - 1} more." if len(group) > 1 else ""
    cluster = known.clusters[event.cluster]
    return Draft(
        event=event.sequence,
        kind=Kind.DRIFT,
        title=CLUSTER_TAGS[event.tag].format(quoted(cluster.name))[:TITLE],
        text=f"{event.message[: TEXT - len(more)]}{more}",
        link=cluster_link(cluster.name),
        about=f"cluster:{cluster.pk}:{event.tag}"[:64],
        repeats=True,
        cluster=cluster,
    )


def _about_token(known: _Known, group: list[AuditEvent]) -> Draft | None:
    event = group[-1]
    token = known.tokens[int(event.target_id)]
    owner = token.owner
    return Draft(
        event=event.sequence,
        kind=Kind.EXPIRING,
        title=f"The API token {quoted(token.name)} of {owner} ends soon"[:TITLE],
        text=event.message[:TEXT],
        link=f"/robots/{owner.pk}" if owner.is_robot else "/account",
        about=f"token:{token.pk}",
        token=token,
    )


def _person_in(event: AuditEvent) -> str:
    # Workers act under names of their own, which somebody may bear, too.
    return "" if event.source == "worker" else event.actor


_COMPOSERS: Mapping[str, Callable[[_Known, list[AuditEvent]], Draft | None]] = {
    "asked": _asked,
    "waiting": _waiting,
    "decided": _decided,
    "at once": _opened_at_once,
    "grant": _about_grants,
    "recertify": _recertify,
    "cluster": _about_cluster,
    "token": _about_token,
}
