"""One namespace: facts, what it may reach, and the decision on default deny."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import Namespace
from egress.rules import is_admin, may_ask, may_set_default_deny
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import service_accounts_of, visible_namespaces
from egress.services import clusters as cluster_service
from egress.services import hardening
from egress.services.errors import Missing, NotAllowed
from egress.web.forms.base import PageForm
from egress.web.forms.clusters import DefaultDenyForm, EnforcementForm, OwnerForm
from egress.web.paging import newest_first
from egress.web.records.cluster_facts import deny_state
from egress.web.records.conditions import with_enforcement
from egress.web.records.grant_facts import rows
from egress.web.records.history import history_of
from egress.web.records.who import actor_of
from egress.web.standing import standing_in


@login_required
@require_safe
def namespace_detail(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Show one namespace: facts, grants and what may be decided."""
    return _show(request, _namespace(request, name, namespace))


@login_required
def default_deny(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Show what switching default deny would change (GET), or switch it (POST)."""
    row = _namespace(request, name, namespace)
    _require_say_in_default_deny(request, row)
    form = DefaultDenyForm(request.POST if request.method == "POST" else None)
    deed = partial(hardening.set_default_deny, namespace=row, actor=actor_of(request))
    if form.is_bound and form.carry_out(deed) is not None:
        messages.success(request, f"The decision for namespace {namespace} is recorded.")
        return redirect("namespace", name=name, namespace=namespace)
    preview = hardening.preview_default_deny(namespace=row, on=not row.default_deny)
    context = {"namespace": row, "preview": preview, "form": form, "on": not row.default_deny}
    status = form.http_status if form.is_bound else 200
    return render(request, "clusters/default_deny.html", context, status=status)


@login_required
@require_POST
def owner(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Say which team owns the namespace."""
    row, form = _namespace(request, name, namespace), OwnerForm(request.POST)
    deed = partial(cluster_service.set_owner, namespace=row, actor=actor_of(request))
    if not form.carry_out(deed):
        return _show(request, row, owner_form=form)
    messages.success(request, f"Namespace {namespace} belongs to {row.owner_name or 'nobody'}.")
    return redirect("namespace", name=name, namespace=namespace)


@login_required
@require_POST
def enforcement(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Choose how grants of the namespace are enforced."""
    row, form = _namespace(request, name, namespace), EnforcementForm(request.POST)
    deed = partial(
        cluster_service.set_namespace_enforcement, namespace=row, actor=actor_of(request)
    )
    if not form.carry_out(deed):
        return _show(request, row, enforcement_form=form)
    messages.success(request, f"Enforcement of namespace {namespace} is set.")
    return redirect("namespace", name=name, namespace=namespace)


def _namespace(request: HttpRequest, cluster: str, name: str) -> Namespace:
    """Return a namespace the person may know of. Raises Missing for any other."""
    row = visible_namespaces(standing_in(request)).filter(cluster__name=cluster, name=name).first()
    if row is None:
        raise Missing(f"There is no namespace “{name}” in “{cluster}” among those you may see.")
    return row


def _require_say_in_default_deny(request: HttpRequest, namespace: Namespace) -> None:
    """Refuse who has no say. Switching off opens the namespace to every host: admins only."""
    standing = standing_in(request)
    if namespace.default_deny and not is_admin(standing):
        raise NotAllowed("Only an admin may switch default deny off. Ask one of them.")
    if not may_set_default_deny(standing, namespace):
        raise NotAllowed(f"Only admins and the owners of “{namespace}” may switch it on.")


def _show(request: HttpRequest, namespace: Namespace, **forms: PageForm) -> HttpResponse:
    """Render the page of one namespace."""
    standing = standing_in(request)
    grants = visible_grants(standing).filter(
        cluster=namespace.cluster, namespace=namespace.name, ended_at__isnull=True
    )
    page = newest_first(with_enforcement(grants), request)
    context = {
        "namespace": namespace,
        "deny_state": deny_state(namespace),
        "service_accounts": service_accounts_of(namespace),
        "page": page,
        "rows": rows(page.rows),
        "timeline": history_of("namespace", namespace.pk),
        "is_admin": is_admin(standing),
        "may_ask": may_ask(standing, namespace),
        "may_set_default_deny": is_admin(standing)
        or (may_set_default_deny(standing, namespace) and not namespace.default_deny),
        "owner_form": OwnerForm(initial={"team": namespace.owner}),
        "enforcement_form": EnforcementForm(initial={"enforcement": namespace.enforcement}),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "clusters/namespace.html", context, status=status)
