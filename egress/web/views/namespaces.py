"""One namespace: facts, what it may reach, and what admins set."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import Namespace
from egress.rules import is_admin, may_ask
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import service_accounts_of, visible_namespaces
from egress.services import clusters as cluster_service
from egress.services.errors import Missing
from egress.services.mesh_hosts import set_mesh_hosts
from egress.web.forms.base import PageForm
from egress.web.forms.clusters import EnforcementForm, MeshHostsForm, OwnerForm
from egress.web.paging import newest_first
from egress.web.records.conditions import with_enforcement
from egress.web.records.grant_facts import rows
from egress.web.records.hardening import decisions_on
from egress.web.records.history import history_of
from egress.web.records.who import actor_of
from egress.web.standing import standing_in
from egress.web.ways import way_of


@login_required
@require_safe
def namespace_detail(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Show one namespace: facts, grants and what may be decided."""
    return _show(request, namespace_called(request, name, namespace))


@login_required
@require_POST
def owner(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Say which team owns the namespace."""
    row, form = namespace_called(request, name, namespace), OwnerForm(request.POST)
    deed = partial(cluster_service.set_owner, namespace=row, actor=actor_of(request))
    if not form.carry_out(deed):
        return _show(request, row, owner_form=form)
    messages.success(request, f"Namespace {namespace} belongs to {row.owner_name or 'nobody'}.")
    return redirect("namespace", name=name, namespace=namespace)


@login_required
@require_POST
def enforcement(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Choose how grants of the namespace are enforced."""
    row, form = namespace_called(request, name, namespace), EnforcementForm(request.POST)
    deed = partial(
        cluster_service.set_namespace_enforcement, namespace=row, actor=actor_of(request)
    )
    if not form.carry_out(deed):
        return _show(request, row, enforcement_form=form)
    messages.success(request, f"Enforcement of namespace {namespace} is set.")
    return redirect("namespace", name=name, namespace=namespace)


@login_required
@require_POST
def mesh_hosts(request: HttpRequest, name: str, namespace: str) -> HttpResponse:
    """Say which hosts of the mesh the namespace keeps where entries are central."""
    row, form = namespace_called(request, name, namespace), MeshHostsForm(request.POST)
    deed = partial(set_mesh_hosts, namespace=row, actor=actor_of(request))
    if not form.carry_out(deed):
        return _show(request, row, mesh_form=form)
    messages.success(request, f"Namespace {namespace} keeps {len(row.mesh_hosts)} hosts.")
    return redirect("namespace", name=name, namespace=namespace)


def namespace_called(request: HttpRequest, cluster: str, name: str) -> Namespace:
    """Return a namespace the person may know of. Raises Missing for any other."""
    row = visible_namespaces(standing_in(request)).filter(cluster__name=cluster, name=name).first()
    if row is None:
        raise Missing(f"There is no namespace “{name}” in “{cluster}” among those you may see.")
    return row


def _show(request: HttpRequest, namespace: Namespace, **forms: PageForm) -> HttpResponse:
    """Render the page of one namespace."""
    standing = standing_in(request)
    grants = visible_grants(standing).filter(
        cluster=namespace.cluster, namespace=namespace.name, ended_at__isnull=True
    )
    page = newest_first(with_enforcement(grants), request)
    context = {
        "namespace": namespace,
        "way": way_of(namespace),
        "decisions": decisions_on(namespace, standing),
        "service_accounts": service_accounts_of(namespace),
        "page": page,
        "rows": rows(page.rows),
        "timeline": history_of("namespace", namespace.pk),
        "is_admin": is_admin(standing),
        "may_ask": may_ask(standing, namespace),
        "owner_form": OwnerForm(initial={"team": namespace.owner}),
        "mesh_form": MeshHostsForm(initial={"hosts": namespace.mesh_hosts}),
        "enforcement_form": EnforcementForm(initial={"enforcement": namespace.enforcement}),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "clusters/namespace.html", context, status=status)
