"""Switching default deny or the network policy of a namespace, after looking at what it does."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from egress.models import Namespace
from egress.rules import is_admin, may_set_default_deny
from egress.services.errors import NotAllowed
from egress.web.forms.clusters import HardeningForm
from egress.web.records.hardening import DEFAULT_DENY, NETWORK_POLICY, Kind
from egress.web.records.who import actor_of
from egress.web.standing import standing_in
from egress.web.views.namespaces import namespace_called


@login_required
def default_deny(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Show what switching default deny would change (GET), or switch it (POST)."""
    return _switch(request, namespace_called(request, name, namespace), DEFAULT_DENY)


@login_required
def network_policy(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Show what switching the network policy would change (GET), or switch it (POST)."""
    return _switch(request, namespace_called(request, name, namespace), NETWORK_POLICY)


def _switch(request: HttpRequest, row: Namespace, kind: Kind) -> HttpResponse:
    is_on = bool(getattr(row, kind.field))
    _require_say(request, row, kind, is_on)
    form = HardeningForm(request.POST if request.method == "POST" else None)
    deed = partial(kind.decide, namespace=row, actor=actor_of(request))
    if form.is_bound and form.carry_out(deed) is not None:
        messages.success(request, f"The decision for namespace {row.name} is recorded.")
        return redirect("namespace", name=row.cluster.name, namespace=row.name)
    preview = kind.preview(namespace=row, on=not is_on)
    context = {"namespace": row, "kind": kind, "preview": preview, "form": form, "on": not is_on}
    status = form.http_status if form.is_bound else 200
    return render(request, "clusters/hardening.html", context, status=status)


def _require_say(request: HttpRequest, namespace: Namespace, kind: Kind, is_on: bool) -> None:
    """Refuse who has no say. Switching off opens a way out of the namespace: admins only."""
    standing = standing_in(request)
    if is_on and not is_admin(standing):
        raise NotAllowed(f"Only an admin may switch the {kind.name} off. Ask one of them.")
    if not may_set_default_deny(standing, namespace):
        raise NotAllowed(f"Only admins and the owners of “{namespace}” may switch it on.")
