"""The queue: only what this person may decide."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from egress.models import Request
from egress.selectors import requests as selectors
from egress.selectors.break_glass import LOOKS_SHOWN, second_looks
from egress.selectors.rule_book import beside
from egress.selectors.saved_filters import saved_filters_of
from egress.services.errors import Conflict, Missing, Refused
from egress.web import request_page as shown
from egress.web.errors import toast
from egress.web.forms.decision import TypedDecision
from egress.web.forms.queue import SORTS, QueueFilters, SaveFilterForm, address_of, query_before
from egress.web.queue_page import QueueRow, queue_page, queue_rows
from egress.web.records.charts import queue_chart
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_beside, standing_in
from egress.web.together import Together, decide_ticked
from egress.web.views.request import outcome


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """List what waits for this person's decision."""
    return show_queue(request, request.GET)


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
    context = {"row": QueueRow(decided), "outcome": outcome(decided)}
    return toast(render(request, "queue/_done.html", context), outcome(decided))


@login_required
@require_POST
def decide_together(request: HttpRequest) -> HttpResponse:
    """Decide all selected requests; what was not decided is shown again as it was typed."""
    answer = decide_ticked(request.POST, actor_of(request), partial(_pending, request))
    for decided in answer.decided:
        messages.success(request, outcome(decided))
    query = query_before(request)
    if answer.is_done:
        return redirect(address_of(query))
    return show_queue(request, query, together=answer, status=422)


def show_queue(
    request: HttpRequest,
    query: QueryDict,
    *,
    together: Together | None = None,
    save_form: SaveFilterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the queue as `query` asks for it, with what was typed when it was refused."""
    standing, filters = standing_in(request), QueueFilters.of(query)
    answer = together or Together()
    page = queue_page(selectors.queue(standing), filters, query)
    here = {row.pk for row in page.rows}
    context = {
        "looks": list(second_looks(standing)[:LOOKS_SHOWN]) if standing.scopes else [],
        "rows": queue_rows(page, answer),
        "page": page,
        "filters": filters,
        "query": query.urlencode(),
        "clusters": clusters_in(request),
        "sorts": SORTS,
        "saved": saved_filters_of(standing),
        "save_form": save_form or SaveFilterForm(auto_id="filter_%s"),
        "chart": queue_chart(standing, timezone.now()) if page.rows else None,
        "together": answer,
        "elsewhere": [answer.named(pk) for pk in answer.refused if pk not in here],
    }
    return render(request, "queue/list.html", context, status=status)


def _pending(request: HttpRequest, pk: int) -> Request:
    """Return a request out of the person's queue."""
    found = beside(selectors.queue(standing_in(request)).filter(pk=pk)).first()
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
    context = {**_body(request, seen, **decision), "row": QueueRow(seen), "is_open": True}
    return render(request, "queue/_row.html", context, status=status)


def _body(request: HttpRequest, row: Request, **decision: Any) -> dict[str, object]:
    asker = standing_beside(request, row.requester)
    page = shown.page_of(row, standing_in(request), asker, **decision)
    return {**page, "request_row": row, "in_queue": True}
