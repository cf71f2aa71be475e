"""Recertification: what waits for owners, and their answers."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from egress.selectors.recertification import State
from egress.services import recertification as services
from egress.web.forms.recertification import ConfirmForm, DropForm, RecertificationFilter
from egress.web.recertification_page import Answers, answer_ticked, page_of, rows_of
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_in
from egress.web.views.grants import carry_out, grant_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def recertification(request: HttpRequest) -> HttpResponse:
    """List what waits for an answer (GET), or take answers about what is ticked (POST)."""
    if request.method != "POST":
        return _show(request, Answers())
    answers = answer_ticked(request.POST, actor_of(request), partial(grant_of, request))
    for verb, done in (("confirmed", answers.confirmed), ("dropped", answers.dropped)):
        if done:
            count = f"{len(done)} grant{'s' * (len(done) != 1)}"
            messages.success(request, f"{count} {verb}.")
    if answers.is_done:
        return redirect(request.get_full_path())
    return _show(request, answers, status=422)


@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm one grant, on its page."""
    said = "Confirmed. You are asked again after a cycle."
    return carry_out(request, pk, "confirm", ConfirmForm, services.confirm, said)


@login_required
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop one grant, on its page."""
    said = "The grant is dropped. The cluster is being told now."
    return carry_out(request, pk, "drop", DropForm, services.drop, said)


def _show(request: HttpRequest, answers: Answers, status: int = 200) -> HttpResponse:
    standing, names = standing_in(request), [one.name for one in clusters_in(request)]
    filters = RecertificationFilter(
        request.GET,
        clusters=names,
        sees_everything=standing.sees_everything,
        auto_id="filter_%s",
    )
    page = page_of(filters, standing, request.GET, timezone.now())
    rows = rows_of(page, standing, answers)
    here = {one.grant.pk for one in rows}
    context = {
        "filters": filters,
        "state": filters.asked_state if filters.is_valid() else State.ANNOUNCED,
        "page": page,
        "rows": rows,
        "may_answer": any(one.may_answer for one in rows),
        "answers": answers,
        "elsewhere": [(pk, why) for pk, why in answers.refused.items() if pk not in here],
        "here": request.get_full_path(),
    }
    return render(request, "recertification/list.html", context, status=status)
