"""One's own sessions: where one is signed in, and ending them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.selectors.sign_ins import MOST, sign_ins_of
from egress.services import sign_in
from egress.services.errors import Missing
from egress.web.records.who import actor_of, person_of


@login_required
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """List the sessions of the person."""
    context = {
        "sign_ins": sign_ins_of(person_of(request))[:MOST],
        "current": request.session.session_key,
    }
    return render(request, "account/sessions.html", context)


@login_required
@require_POST
def end_one(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session."""
    row = sign_ins_of(person_of(request)).filter(pk=pk).first()
    if row is None:
        raise Missing("That session has ended already. Look at the list again.")
    sign_in.end_session(sign_in=row, actor=actor_of(request))
    messages.success(request, "The session has ended.")
    return redirect("sessions")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    kept = request.session.session_key or ""
    ended = sign_in.end_other_sessions(keep=kept, actor=actor_of(request))
    messages.success(request, f"Other sessions that ended: {ended}.")
    return redirect("sessions")
