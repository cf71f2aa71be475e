"""Home: what is mine, what waits, what ends soon, and what went wrong."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from egress.domain.lifecycle import LIVE_GRANT_STATUSES, GrantStatus, RequestStatus
from egress.models import Grant, Person, Recertification, Request
from egress.models.standing import Standing
from egress.selectors.grants import expiring_soon, failed, visible_grants
from egress.selectors.namespaces import askable_namespaces
from egress.selectors.recertification import waiting_for
from egress.selectors.requests import queue, visible_requests
from egress.web.queue_page import QueueRow
from egress.web.records.charts import expiry_chart, queue_chart
from egress.web.records.who import person_of
from egress.web.standing import frame_in, standing_in
from egress.web.unsent import latest_unsent

NAMESPACES_SHOWN = 24
REQUESTS_SHOWN = 10
GRANTS_SHOWN = 10
QUEUE_SHOWN = 5
CONFIRMED_SHOWN = 5


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the person where to go on."""
    standing, person = standing_in(request), person_of(request)
    waits = frame_in(request)[1].to_decide > 0
    requests = _requests(standing, person, waits=waits)
    grants = _urgent_grants(standing)
    own = [row for row in requests if row.requester_id == person.pk]
    others = [row for row in reversed(requests) if row.requester_id != person.pk]
    context = {
        "unsent": latest_unsent(standing),
        "namespaces": _namespaces(request),
        "open_requests": [row for row in own if row.is_pending],
        "latest_requests": [row for row in own if not row.is_pending],
        "expiring": [one for one in grants if one.status == GrantStatus.EXPIRING][:GRANTS_SHOWN],
        "failed": _failed(grants),
        "waiting": [QueueRow(row) for row in others],
        "to_confirm": _to_confirm(request, standing),
        "queue_chart": queue_chart(standing, timezone.now()) if waits else None,
        "expiry_chart": expiry_chart(standing, timezone.now()),
    }
    return render(request, "home.html", context)


def _to_confirm(request: HttpRequest, standing: Standing) -> list[Recertification]:
    """Return the first of what waits for the person's confirmation; nothing is asked for none."""
    waits = frame_in(request)[1].to_confirm
    return list(waiting_for(standing)[:CONFIRMED_SHOWN]) if waits else []


def _requests(standing: Standing, person: Person, *, waits: bool) -> list[Request]:
    """Return the person's latest requests that wait and that are decided, and what waits for them.

    `waits` says whether anything does. All newest first. What is said twice of each kind lets the
    database begin with an index.
    """
    own = Request.objects.filter(requester=person).order_by("-pk").values("pk")
    waiting = own.filter(status=RequestStatus.PENDING)[:REQUESTS_SHOWN]
    decided = own.exclude(status=RequestStatus.PENDING)[:QUEUE_SHOWN]
    wanted = Q(requester=person) & (Q(pk__in=waiting) | Q(pk__in=decided))
    if waits:
        oldest = queue(standing).values("pk")[:QUEUE_SHOWN]
        wanted |= Q(status=RequestStatus.PENDING, pk__in=oldest)
    return list(visible_requests(standing).filter(wanted).order_by("-pk"))


def _urgent_grants(standing: Standing) -> list[Grant]:
    """Return the grants that end soonest, and the latest that failed, by when they end."""
    soonest = expiring_soon(standing).values("pk")[:GRANTS_SHOWN]
    latest = failed(standing).values("pk")[:GRANTS_SHOWN]
    wanted = Q(status=GrantStatus.EXPIRING, pk__in=soonest) | Q(
        ~Q(failed_reason=""), ended_at__isnull=True, pk__in=latest
    )
    return list(visible_grants(standing).filter(wanted).order_by("expires_at", "pk"))


def _failed(grants: list[Grant]) -> list[Grant]:
    found = [grant for grant in grants if grant.failed_reason]
    return sorted(found, key=lambda grant: -grant.pk)[:GRANTS_SHOWN]


def _namespaces(request: HttpRequest) -> list[object]:
    """Return the namespaces of the person's teams, each with its number of live grants."""
    live = (
        Grant.objects.filter(
            cluster=OuterRef("cluster"),
            namespace=OuterRef("name"),
            status__in=sorted(LIVE_GRANT_STATUSES),
        )
        .order_by()
        .values("namespace")
        .annotate(number=Count("pk"))
        .values("number")
    )
    mine = askable_namespaces(standing_in(request))
    return list(mine.annotate(grants=Coalesce(Subquery(live), 0))[: NAMESPACES_SHOWN + 1])
