"""What the page of a request shows of break-glass."""

from dataclasses import dataclass

from egress.models import BreakGlass, Request
from egress.models.standing import Standing
from egress.rules import may_break_glass, may_look
from egress.services.break_glass import why_never


@dataclass(frozen=True)
class GlassView:
    """How a request was opened, None when not so, and what this person may do about it."""

    opening: BreakGlass | None
    may_open: bool
    may_look: bool


def glass_of(request: Request, standing: Standing) -> GlassView:
    """Return what to show of break-glass on the page of a request."""
    opening: BreakGlass | None = getattr(request, "break_glass", None)
    if opening is not None:
        opening.request = request
        looks = opening.is_awaited and may_look(standing, opening)
        return GlassView(opening, may_open=False, may_look=looks)
    # Most people have no such role, and nothing is asked for them.
    opens = request.is_pending and bool(standing.break_glass) and not why_never(request)
    return GlassView(None, may_open=opens and may_break_glass(standing, request), may_look=False)
