"""What owners are told when grants have to be confirmed: all of one namespace together."""

from collections.abc import Mapping

from egress.domain.notices import Kind, counted, grant_link, recertification_link
from egress.models import AuditEvent, Grant
from egress.services.audit import Tag
from egress.services.notifications.draft import TEXT, TITLE, Draft

TAGS: Mapping[str, str] = {
    Tag.RECERTIFICATION_ANNOUNCED: "Is access of {} to {} still needed?",
    Tag.RECERTIFICATION_REMINDED: "Access of {} to {} ends soon unless it is confirmed",
    Tag.GRANT_EXPIRED: "Access of {} to {} ended, as nobody confirmed it",
}
NEVER_OLD = frozenset({Tag.RECERTIFICATION_ANNOUNCED, Tag.RECERTIFICATION_REMINDED})
"""What people must hear of however late it is, as long as it waits for their answer."""


def key_of(event: AuditEvent, grant: Grant) -> tuple[str, str, str] | None:
    """Return what an event is told together with, None when nobody needs to hear of it."""
    if event.tag == Tag.GRANT_EXPIRED:
        if (event.actor, event.source) != ("recertification", "worker"):
            return None
    elif not _waits(grant):
        return None
    return event.tag, "recertify", f"{grant.cluster_id} {grant.namespace_uid}"


def draft_of(event: AuditEvent, grants: tuple[Grant, ...]) -> Draft:
    """Return what to tell of grants of one namespace; `event` is the last of theirs."""
    first = grants[0]
    hosts = [f"{grant.host}:{grant.port}" for grant in grants]
    alone = len(grants) == 1
    title = TAGS[event.tag].format(first.subject if alone else first.namespace, counted(hosts, 2))
    link = recertification_link(first.cluster.name, first.namespace)
    return Draft(
        event=event.sequence,
        kind=Kind.RECERTIFY,
        title=title[:TITLE],
        text=_asking(grants) if event.tag in NEVER_OLD else event.message[:TEXT],
        link=grant_link(first.pk) if alone else link,
        about=f"grant:{first.pk}:{event.tag}",
        grants=grants,
    )


def _waits(grant: Grant) -> bool:
    row = getattr(grant, "recertification", None)
    return row is not None and row.is_waiting and grant.is_live


def _asking(grants: tuple[Grant, ...]) -> str:
    ends = min(grant.recertification.due_at for grant in grants)
    return (
        f"Its owners confirm or drop it until {ends:%Y-%m-%d at %H:%M} UTC. "
        "Without an answer it ends then."
    )
