"""What happened to one thing, from the audit trail."""

from egress.models import AuditEvent
from egress.selectors.requests import TimelineEntry, entry_of

LATEST_EVENTS = 100


def history_of(target: str, pk: int) -> list[TimelineEntry]:
    """Return the latest events about one target, newest first.

    For things that the person may see: whoever sees a grant sees what happened to it.
    """
    events = AuditEvent.objects.filter(target=target, target_id=str(pk)).order_by("-sequence")
    return [entry_of(event) for event in events[:LATEST_EVENTS]]
