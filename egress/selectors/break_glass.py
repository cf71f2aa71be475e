"""What was opened by break-glass, as far as somebody may read it, and what they should look at."""

from django.db.models import Exists, OuterRef, QuerySet

from egress.models import BreakGlass
from egress.models.standing import Standing
from egress.selectors.joins import with_clusters
from egress.selectors.requests import visible_requests

LOOKS_SHOWN = 20


def visible_openings(standing: Standing) -> QuerySet[BreakGlass]:
    """Return the openings of requests that the person may read, newest first."""
    rows = with_clusters(
        BreakGlass.objects.select_related("opened_by", "looked_by", "request__requester"),
        "request__cluster",
    ).prefetch_related("request__destinations")
    if standing.sees_everything:
        return rows
    seen = visible_requests(standing).filter(pk=OuterRef("request_id"))
    return rows.filter(Exists(seen.order_by()))


def second_looks(standing: Standing) -> QuerySet[BreakGlass]:
    """Return the openings that wait for a look of this person, the most urgent first."""
    rows = visible_openings(standing).filter(outcome=BreakGlass.Outcome.PENDING)
    return rows.filter(standing.second_looks()).order_by("look_by", "pk")


def was_opened_at_once(request: int) -> bool:
    """Tell whether a request, given by its key, was opened by break-glass."""
    return BreakGlass.objects.filter(request=request).exists()
