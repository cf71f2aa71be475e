"""The queue: only what this person may decide."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from egress.models import Request
from egress.selectors import requests as selectors
from egress.services.errors import Conflict, Missing, Refused, ServiceError
from egress.web import request_page as shown
from egress.web.errors import toast
from egress.web.forms.decision import TypedDecision
from egress.web.queue_page import LEVELS, SORTS, QueueFilters, queue_rows, row_of
from egress.web.records.charts import queue_chart
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_in
from egress.web.views.request import outcome

MOST_TOGETHER = 50


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """List what waits for this person's decision."""
    standing, filters = standing_in(request), QueueFilters.of(request.GET)
    rows, has_more = queue_rows(selectors.queue(standing), filters)
    context = {
        "rows": rows,
        "has_more": has_more,
        "filters": filters,
        "clusters": clusters_in(request),
        "levels": LEVELS,
        "sorts": SORTS,
        "chart": queue_chart(standing, timezone.now()) if rows else None,
    }
    return render(request, "queue/list.html", context)


@login_required
@require_safe
def row(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer htmx with what a row holds when it is opened."""
    return render(request, "queue/_body.html", _body(request, _pending(request, pk)))


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide one request in its row, and answer with the row as it is then."""
    typed = TypedDecision.of_form(request.POST)
    try:
        pending = _pending(request, pk)
        decided = typed.carry_out(pending, actor_of(request))
    except Conflict as error:
        return _again(request, pk, conflict=str(error), status=409)
    except Refused as error:
        errors = error.fields or {"": [str(error)]}
        return _again(request, pk, typed=typed, errors=errors, status=422)
    context = {"row": row_of(decided), "outcome": outcome(decided)}
    return toast(render(request, "queue/_done.html", context), outcome(decided))


@login_required
@require_POST
def decide_together(request: HttpRequest) -> HttpResponse:
    """Decide all selected requests, and say for each how it went."""
    selected = request.POST.getlist("selected")
    if not selected:
        messages.warning(request, "Select at least one request first.")
    if len(selected) > MOST_TOGETHER:
        messages.warning(request, f"Only the first {MOST_TOGETHER} were looked at.")
    for chosen in selected[:MOST_TOGETHER]:
        _decide_one(request, chosen)
    back = request.POST.get("filters", "")
    return redirect(f"{request.path.removesuffix('/decide')}?{back}" if back else "queue")


def _decide_one(request: HttpRequest, chosen: str) -> None:
    pk, _, revision = chosen.partition(":")
    try:
        if not (pk.isascii() and pk.isdigit() and len(pk) <= 18):
            raise Missing(f"“{pk}” is no request.")
        pending = _pending(request, int(pk))
        data = request.POST.copy()
        data["revision"] = revision
        data.setlist("approve", [str(asked.position) for asked in pending.destinations.all()])
        decided = TypedDecision.of_form(data).carry_out(pending, actor_of(request))
        messages.success(request, outcome(decided))
    except ServiceError as error:
        messages.error(request, f"Request {pk}: {error}")


def _pending(request: HttpRequest, pk: int) -> Request:
    """Return a request out of the person's queue."""
    found = selectors.queue(standing_in(request)).filter(pk=pk).first()
    if found is not None:
        return found
    seen = selectors.request_with_all(pk, standing_in(request))
    if seen is None:
        raise Missing(f"There is no request {pk} for you.")
    if seen.is_pending:
        raise Missing(f"Request {pk} is not yours to decide.")
    raise Conflict(f"Request {pk} is {seen.status} already.")


def _again(request: HttpRequest, pk: int, *, status: int, **decision: Any) -> HttpResponse:
    """Show the row again with what went wrong."""
    seen = selectors.request_with_all(pk, standing_in(request))
    if seen is None:
        raise Missing(f"There is no request {pk} for you.")
    context = {**_body(request, seen, **decision), "row": row_of(seen), "is_open": True}
    return render(request, "queue/_row.html", context, status=status)


def _body(request: HttpRequest, row: Request, **decision: Any) -> dict[str, object]:
    page = shown.page_of(row, standing_in(request), **decision)
    return {**page, "request_row": row, "in_queue": True}
