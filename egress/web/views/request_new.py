"""Asking for access: the form, its preview while typing, and editing what was asked."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from egress.models import Request
from egress.selectors.requests import request_with_all
from egress.services import requests as service
from egress.services.errors import Conflict, Missing, NotAllowed, ServiceError
from egress.services.requests import Preview
from egress.web import request_form as shown
from egress.web.errors import status_of
from egress.web.forms.request import TypedRequest
from egress.web.records.who import actor_of
from egress.web.request_around import around, link_to
from egress.web.request_buttons import Pressed, press, with_pasted, with_preset
from egress.web.request_fixes import fixes_of
from egress.web.request_form import FormView, Noted
from egress.web.standing import clusters_in, standing_in, with_new_reviews
from egress.web.unsent import Unsent, place_here, unsent_at
from egress.web.views.lost import keeps_what_is_typed
from egress.web.ways import way_for

TOO_OLD = "This page was too old to send anything. Nothing is lost: look it over and send it again."


@keeps_what_is_typed
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the form, filled by the query string or by what was typed there before, or take it."""
    if request.method == "POST":
        return _take(request, None)
    unsent = unsent_at(standing_in(request), place_here(request))
    if unsent:
        return _page(request, unsent.typed, unsent=unsent)
    pressed = Pressed(TypedRequest.of_form(request.GET))
    if pressed.typed.preset:
        pressed = with_preset(pressed.typed)
    if pressed.typed.paste:
        pressed = with_pasted(pressed.typed)
    return _page(request, pressed.typed, noted=pressed.noted)


@keeps_what_is_typed
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form with what was asked before, or take the change. For the requester only."""
    row = request_with_all(pk, standing_in(request))
    if row is None:
        raise Missing(f"There is no request {pk} for you.")
    if row.requester_id != request.user.pk:
        raise NotAllowed("Only the person who asked may change a request. Clone it instead.")
    if not row.is_pending:
        raise Conflict(f"Request {pk} is {row.status} and cannot be changed. Clone it instead.")
    if request.method == "POST":
        return _take(request, row)
    unsent = unsent_at(standing_in(request), place_here(request))
    typed = unsent.typed if unsent else TypedRequest.of_request(row)
    return _page(request, typed, existing=row, unsent=unsent)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Answer htmx with the preview, and with the hints to put below the inputs."""
    typed = TypedRequest.of_form(request.POST)
    with_new_reviews(request, typed.cluster, typed.namespace)
    seen = service.preview(draft=typed.draft(), actor=actor_of(request))
    fixes = fixes_of(standing_in(request), typed, seen)
    context = {
        **_beside(request, typed, seen),
        "form": shown.previewed(typed, seen, fixes),
        "out_of_band": True,
    }
    return render(request, "requests/_preview_answer.html", context)


@login_required
@require_safe
def options(request: HttpRequest) -> HttpResponse:
    """Answer htmx with namespaces or service accounts that match what is typed."""
    asked, standing = request.GET, standing_in(request)
    cluster, namespace = asked.get("cluster", ""), asked.get("namespace", "")
    if asked.get("of") == "accounts":
        typed = asked.get("service_account", "")
        accounts = shown.account_options(standing, cluster, namespace, typed)
        return render(request, "_options.html", {"names": accounts})
    namespaces = shown.namespace_options(standing, cluster, namespace)
    return render(request, "_options.html", {"namespaces": namespaces})


def _take(request: HttpRequest, existing: Request | None) -> HttpResponse:
    """Do what the pressed button says."""
    typed = TypedRequest.of_form(request.POST)
    if getattr(request, "csrf_is_old", False):
        noted = Noted(general=(TOO_OLD,))
        return _page(request, typed, existing=existing, noted=noted, status=403)
    pressed = press(typed, request.POST.get("action", "submit"))
    if pressed is None:
        return _send(request, typed, existing)
    status = 422 if pressed.noted.general else 200
    return _page(
        request,
        pressed.typed,
        existing=existing,
        noted=pressed.noted,
        focus=pressed.focus,
        compares=pressed.compares,
        status=status,
    )


def _send(request: HttpRequest, typed: TypedRequest, existing: Request | None) -> HttpResponse:
    """Submit or edit; a refusal keeps everything that was typed."""
    actor = actor_of(request)
    try:
        if existing is None:
            saved = service.submit(draft=typed.draft(), actor=actor)
            messages.success(request, f"Request {saved.pk} is sent. This page follows it.")
        else:
            saved = service.edit(
                request=existing, draft=typed.draft(), actor=actor, revision=_revision(request)
            )
            came_of_it = "given approvals are void" if saved.is_pending else f"it is {saved.status}"
            messages.success(request, f"Request {saved.pk} is changed; {came_of_it}.")
    except ServiceError as error:
        seen = service.preview(draft=typed.draft(), actor=actor)
        form = shown.refused(typed, error, seen, fixes_of(standing_in(request), typed, seen))
        status = status_of(error)
        return _page(request, typed, existing=existing, form=form, seen=seen, status=status)
    service.drop_draft(actor=actor, place=place_here(request))
    return redirect("request", pk=saved.pk)


def _page(
    request: HttpRequest,
    typed: TypedRequest,
    *,
    existing: Request | None = None,
    form: FormView | None = None,
    seen: Preview | None = None,
    noted: Noted | None = None,
    unsent: Unsent | None = None,
    focus: str = "",
    compares: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Show the form with its preview."""
    with_new_reviews(request, typed.cluster, typed.namespace)
    standing = standing_in(request)
    choices = shown.choices(standing, typed, clusters_in(request))
    typed = shown.with_only_choices(typed, choices)
    seen = seen or service.preview(draft=typed.draft(), actor=actor_of(request))
    if form is None:
        form = shown.previewed(typed, seen, fixes_of(standing, typed, seen), noted)
    context = {
        **choices,
        **_beside(request, typed, seen),
        "form": form,
        "existing": existing,
        "form_url": request.path,
        "place": place_here(request),
        "unsent": unsent,
        "revision": request.POST.get("revision") or (existing.revision if existing else ""),
        "focus": focus,
        "failed": status != 200,
        "compared": service.compare(draft=typed.draft(), actor=actor_of(request))
        if compares
        else None,
    }
    return render(request, "requests/new.html", context, status=status)


def _beside(request: HttpRequest, typed: TypedRequest, seen: Preview) -> dict[str, object]:
    """Return what the preview beside the form shows."""
    standing = standing_in(request)
    return {
        "way": way_for(standing, typed.cluster.strip(), typed.namespace.strip()),
        "preview": seen,
        "findings": shown.findings_worth_showing(seen),
        "around": around(standing, typed, seen),
        "link": link_to(typed),
    }


def _revision(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
