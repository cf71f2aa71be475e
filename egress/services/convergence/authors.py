"""Who last changed a live object, as far as the API server recorded it."""

from egress.cluster.gateway import KubeObject
from egress.domain.naming import FIELD_MANAGER


def last_author(live: KubeObject) -> str:
    """Return the field manager that changed an object last beside us, and when; empty if nobody.

    Writes to subresources, such as Istio's to `status`, do not count.
    """
    entries = [
        (str(entry.get("time") or ""), str(entry.get("manager") or "somebody"))
        for entry in live["metadata"].get("managedFields") or []
        if entry.get("manager") != FIELD_MANAGER and not entry.get("subresource")
    ]
    if not entries:
        return ""
    time, manager = max(entries)
    return f'"{manager}" at {time}' if time else f'"{manager}"'
