"""Break-glass: opening a request at once, the second look, and all that was opened so."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from egress.models import BreakGlass, Request
from egress.rules import why_may_break_glass
from egress.selectors.break_glass import kept_in_words, renewed_by_people, visible_openings
from egress.services import break_glass
from egress.services.errors import Conflict, NotAllowed
from egress.web import request_page as shown
from egress.web.forms.break_glass import LookForm, OpenForm, OpeningFilter
from egress.web.paging import newest_first
from egress.web.records.who import actor_of
from egress.web.standing import read_standings, standing_beside, standing_in
from egress.web.views.request import find, show


@login_required
@require_safe
def opening_list(request: HttpRequest) -> HttpResponse:
    """List what was opened by break-glass, newest first, narrowed by the filter in the URL."""
    filters = OpeningFilter(request.GET)
    page = newest_first(filters.narrow(visible_openings(standing_in(request))), request)
    return render(request, "break_glass/list.html", {"filters": filters, "page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def open_at_once(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what would be opened, with what the policies say (GET), or open it (POST)."""
    read_standings(request, of_request=pk)
    row = _openable(request, pk)
    most = break_glass.hours_for(row)
    form = OpenForm(request.POST if request.method == "POST" else None, most=most)
    deed = partial(break_glass.open_at_once, request=row, actor=actor_of(request))
    if form.is_bound and form.carry_out(deed) is not None:
        messages.success(request, "The glass is broken: access is being opened, everybody is told.")
        return redirect("request", pk=pk)
    # After a conflict it starts again from the request as it is now.
    row = _openable(request, pk) if form.is_bound else row
    asker = standing_beside(request, row.requester)
    context = {**shown.page_of(row, standing_in(request), asker), "form": form}
    return render(request, "break_glass/open.html", context, status=form.status_now)


@login_required
@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm what was opened by break-glass, or end it."""
    row, form = find(request, pk), LookForm(request.POST)
    opening = form.carry_out(partial(break_glass.look, request=row, actor=actor_of(request)))
    if opening is None:
        wrong = [sentence for sentences in form.errors.values() for sentence in sentences]
        extra = {"look_errors": wrong, "look_note": request.POST.get("note", "")}
        return show(request, find(request, pk), extra=extra, status=form.status_now)
    messages.success(request, _came_of(opening))
    return redirect("request", pk=pk)


def _came_of(opening: BreakGlass) -> str:
    if opening.outcome == BreakGlass.Outcome.CONFIRMED:
        return "Confirmed. It ends as it was opened."
    if kept := kept_in_words(renewed_by_people(opening.request_id)):
        return f"What rested on break-glass alone is ended. {kept}"
    return "Ended. The mesh is being told."


def _openable(request: HttpRequest, pk: int) -> Request:
    """Return a request that this person may open at once. Raises NotAllowed and Conflict."""
    row = find(request, pk)
    allowed, why = why_may_break_glass(standing_in(request), row)
    if not allowed:
        raise NotAllowed(why)
    if not row.is_pending:
        raise Conflict(f"Request {pk} is {row.status} already.")
    if never := break_glass.why_never(row):
        raise Conflict(never)
    return row
