"""What was opened by break-glass, as far as somebody may read it, and what they should look at."""

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, QuerySet

from egress.domain.lifecycle import LIVE_GRANT_STATUSES, RequestStatus
from egress.domain.wording import listed
from egress.models import Approval, BreakGlass, Request
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


def renewed_by_people(request: int) -> dict[int, int]:
    """Return the live grants of a request that people renewed, each with the latest such renewal.

    They rest on that approval and no longer on the second look. What a rule approved does not
    count: nobody looked at it.
    """
    said_yes = Approval.objects.filter(request=OuterRef("pk"), cleared_at__isnull=True)
    renewals = Request.objects.filter(
        Exists(said_yes),
        renews__request=request,
        renews__status__in=sorted(LIVE_GRANT_STATUSES),
        status=RequestStatus.APPROVED,
    )
    return dict(renewals.order_by("pk").values_list("renews", "pk"))


def kept_in_words(kept: Mapping[int, int]) -> str:
    """Return a sentence on grants that stay, given as by `renewed_by_people`; empty for none."""
    if not kept:
        return ""
    shown = sorted(kept)[:LOOKS_SHOWN]
    more = [f"{len(kept) - len(shown)} more"] if len(kept) > len(shown) else []
    grants = listed([f"#{pk}" for pk in shown] + more)
    renewals = listed([f"#{pk}" for pk in sorted(kept[grant] for grant in shown)])
    if len(kept) == 1:
        return f"Grant {grants} stays: request {renewals} renewed it. Revoke it if it must end."
    return f"Grants {grants} stay: requests {renewals} renewed them. Revoke what must end."
