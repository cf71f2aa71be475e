"""What the audit trail is told of a recertification."""

from dataclasses import replace
from datetime import datetime

from egress.models import Grant, Recertification
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.requests.openings import grant_entry

RECERTIFICATION = Actor.system("recertification")


def entry(
    tag: Tag,
    grant: Grant,
    message: str,
    now: datetime,
    *,
    due_at: datetime,
    actor: Actor = RECERTIFICATION,
    note: str = "",
) -> Entry:
    """Return the event of a step of a grant's recertification; `due_at` is when it is due then."""
    told = grant_entry(tag, grant, actor, message, now)
    facts = {"due_at": due_at, **({"note": note} if note else {})}
    return replace(told, data={**told.data, **facts})


def in_words(row: Recertification) -> str:
    """Return why a grant ends that nobody confirmed."""
    asked = f"{row.announced_at:%Y-%m-%d}" if row.announced_at else "before"
    return f"Nobody confirmed that it is still needed. Its owners were asked on {asked}."
