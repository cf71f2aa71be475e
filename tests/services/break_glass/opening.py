"""Short words for what the tests do."""

from typing import Any

from egress.models import AuditEvent, BreakGlass, Grant, Person, Request
from egress.services import break_glass
from tests import factories as make

WHY = "Payments fail for everybody."


def open_at_once(request: Request, who: Person, **said: Any) -> BreakGlass:
    """Open a request by break-glass."""
    given = {"revision": request.revision, "reason": WHY, **said}
    return break_glass.open_at_once(request=request, actor=make.actor(who), **given)


def look(request: Request, who: Person, says: str = "confirm", note: str = "") -> BreakGlass:
    """Give the second look."""
    return break_glass.look(request=request, actor=make.actor(who), says=says, note=note)


def statuses(request: Request) -> list[str]:
    """Return how the grants of a request stand."""
    return list(request.grants.order_by("pk").values_list("status", flat=True))


def tags() -> list[str]:
    """Return the audit tags so far, oldest first."""
    return list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))


def assert_nothing_was_opened(request: Request) -> None:
    """Check that the request waits as before."""
    request.refresh_from_db()
    assert request.is_pending
    assert not Grant.objects.filter(request=request).exists()
    assert not BreakGlass.objects.exists()
    assert not tags()
