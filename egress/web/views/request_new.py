"""Asking for access: the form, its preview while typing, and editing what was asked."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from egress.models import CatalogueEntry, Request
from egress.selectors.requests import request_with_all
from egress.services import requests as service
from egress.services.errors import Conflict, Missing, NotAllowed, ServiceError
from egress.services.requests import Preview
from egress.web import request_form as shown
from egress.web.errors import status_of
from egress.web.forms.request import TypedRequest
from egress.web.records.who import actor_of
from egress.web.request_form import FormView
from egress.web.standing import standing_in
from egress.web.ways import Way, way_for


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the form, filled by the query string, or take it."""
    if request.method == "POST":
        return _take(request, None)
    typed = TypedRequest.of_form(request.GET)
    if request.GET.get("preset"):
        typed = _with_preset(typed, request.GET["preset"])
    if request.GET.get("paste"):
        typed, problems = typed.with_pasted()
        return _page(request, typed, form=shown.form_view(typed, paste_errors=problems))
    return _page(request, typed)


@login_required
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
    return _page(request, TypedRequest.of_request(row), existing=row)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Answer htmx with the preview, and with the hints to put below the inputs."""
    typed = TypedRequest.of_form(request.POST)
    seen = service.preview(draft=typed.draft(), actor=actor_of(request))
    context = {
        "way": _way(request, typed),
        "form": shown.previewed(typed, seen),
        "preview": seen,
        "findings": shown.findings_worth_showing(seen),
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
        return render(request, "requests/_options.html", {"accounts": accounts})
    namespaces = shown.namespace_options(standing, cluster, namespace)
    return render(request, "requests/_options.html", {"namespaces": namespaces})


def _take(request: HttpRequest, existing: Request | None) -> HttpResponse:
    """Do what the pressed button says."""
    typed = TypedRequest.of_form(request.POST)
    action, _, detail = request.POST.get("action", "submit").partition(":")
    if action == "add":
        focus = f"destinations-{len(typed.rows)}-host"
        return _page(request, typed.with_blank_row(), existing=existing, focus=focus)
    if action == "remove" and detail.isdecimal():
        left = typed.without_row(int(detail))
        focus = f"destinations-{max(0, min(int(detail), len(left.rows)) - 1)}-host"
        return _page(request, left, existing=existing, focus=focus)
    if action == "paste":
        pasted, problems = typed.with_pasted()
        form = shown.form_view(pasted, paste_errors=problems)
        return _page(request, pasted, existing=existing, form=form, focus="paste")
    if action == "preset":
        chosen = _with_preset(typed, request.POST.get("preset", ""))
        return _page(request, chosen, existing=existing, focus="preset")
    if action == "check":
        return _page(request, typed, existing=existing)
    return _send(request, typed, existing)


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
            messages.success(request, f"Request {saved.pk} is changed; given approvals are void.")
    except ServiceError as error:
        seen = service.preview(draft=typed.draft(), actor=actor)
        form = shown.refused(typed, error, seen)
        status = status_of(error)
        return _page(request, typed, existing=existing, form=form, seen=seen, status=status)
    return redirect("request", pk=saved.pk)


def _page(
    request: HttpRequest,
    typed: TypedRequest,
    *,
    existing: Request | None = None,
    form: FormView | None = None,
    seen: Preview | None = None,
    focus: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show the form with its preview."""
    choices = shown.choices(standing_in(request), typed)
    typed = _with_only_cluster(typed, choices["clusters"])
    seen = seen or service.preview(draft=typed.draft(), actor=actor_of(request))
    context = {
        **choices,
        "way": _way(request, typed),
        "form": form or shown.previewed(typed, seen),
        "preview": seen,
        "findings": shown.findings_worth_showing(seen),
        "existing": existing,
        "form_url": request.path,
        "revision": request.POST.get("revision") or (existing.revision if existing else ""),
        "focus": focus,
        "failed": status != 200,
    }
    return render(request, "requests/new.html", context, status=status)


def _with_only_cluster(typed: TypedRequest, clusters: object) -> TypedRequest:
    if typed.cluster or not isinstance(clusters, list) or len(clusters) != 1:
        return typed
    return replace(typed, cluster=clusters[0].name)


def _way(request: HttpRequest, typed: TypedRequest) -> Way | None:
    return way_for(standing_in(request), typed.cluster.strip(), typed.namespace.strip())


def _with_preset(typed: TypedRequest, name: str) -> TypedRequest:
    entry = CatalogueEntry.objects.filter(name=name.replace("\0", ""), is_active=True).first()
    return typed.with_preset(entry) if entry else typed


def _revision(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
