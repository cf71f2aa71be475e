"""One request: how it stands, what it would change, and what may be done about it."""

from collections.abc import Mapping
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import Request
from egress.selectors.requests import request_with_all, talk_of
from egress.services import requests as service
from egress.services.errors import Conflict, Missing, Refused, ServiceError
from egress.web import request_page as shown
from egress.web.break_glass_page import glass_of
from egress.web.errors import status_of
from egress.web.forms.decision import TypedDecision
from egress.web.forms.request import TypedRequest
from egress.web.progress import STOP_POLLING, progress_of
from egress.web.records.who import actor_of
from egress.web.request_copies import copies_of
from egress.web.standing import read_standings, standing_beside, standing_in


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the request with everything that belongs to it."""
    read_standings(request, of_request=pk)
    return show(request, find(request, pk))


@login_required
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer htmx with how far the request is; 286 makes it stop asking."""
    row = find(request, pk)
    view = progress_of(row, seen=request.GET.get("seen", ""))
    status = STOP_POLLING if view.is_settled else 200
    context = {"row": row, "progress": view, "clone": TypedRequest.of_request(row).query()}
    return render(request, "requests/_progress.html", context, status=status)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or deny."""
    row, typed = find(request, pk), TypedDecision.of_form(request.POST)
    try:
        decided = typed.carry_out(row, actor_of(request))
    except Conflict as error:
        return show(request, find(request, pk), conflict=str(error), status=409)
    except Refused as error:
        errors = error.fields or {"": [str(error)]}
        return show(request, row, typed=typed, errors=errors, status=422)
    messages.success(request, outcome(decided))
    return redirect("request", pk=pk)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the request back."""
    row = find(request, pk)
    try:
        service.withdraw(request=row, actor=actor_of(request))
        messages.success(request, f"Request {pk} is withdrawn.")
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("request", pk=pk)


@login_required
@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a comment."""
    row, text = find(request, pk), request.POST.get("text", "")
    try:
        service.comment(request=row, actor=actor_of(request), text=text)
    except ServiceError as error:
        said = [sentence for sentences in error.fields.values() for sentence in sentences]
        extra = {"comment_text": text, "comment_errors": said or [str(error)]}
        return show(request, row, extra=extra, status=status_of(error))
    messages.success(request, "The comment is there for everybody who may read this request.")
    return redirect("request", pk=pk)


def find(request: HttpRequest, pk: int) -> Request:
    """Return the request, or raise Missing when it is not there or not for this person."""
    row = request_with_all(pk, standing_in(request))
    if row is None:
        raise Missing(f"There is no request {pk} for you.")
    return row


def outcome(decided: Request) -> str:
    """Return what a decision came to, in a sentence."""
    if decided.is_pending:
        return f"Your approval of request {decided.pk} is on record. One more person must agree."
    if decided.status == "denied":
        return f"Request {decided.pk} is denied."
    return f"Request {decided.pk} is approved. The mesh is being told now."


def show(
    request: HttpRequest,
    row: Request,
    *,
    typed: TypedDecision | None = None,
    errors: dict[str, list[str]] | None = None,
    conflict: str = "",
    extra: Mapping[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the page of a request, with what was typed when it was refused."""
    asker = standing_beside(request, row.requester)
    context = shown.page_of(
        row, standing_in(request), asker, typed=typed, errors=errors, conflict=conflict
    )
    progress, talk = progress_of(row), talk_of(row)
    seen = cast("service.Preview", context["preview"])
    context |= {
        "timeline": talk.timeline,
        "comments": talk.comments,
        "progress": progress,
        "copies": copies_of(row, seen, progress.grants),
        "is_mine": row.requester_id == request.user.pk,
        "compared": _compared(request, row),
        "glass": glass_of(row, standing_in(request)),
        **(extra or {}),
    }
    return render(request, "requests/detail.html", context, status=status)


def _compared(request: HttpRequest, row: Request) -> service.Comparison | None:
    """Return the change against the live cluster where that is asked for: it takes a moment."""
    if not (row.is_pending and request.GET.get("live")):
        return None
    draft = TypedRequest.of_request(row).draft()
    return service.compare(draft=draft, actor=actor_of(request))
