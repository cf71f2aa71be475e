"""Who owns namespaces, for admins: what tells it in a cluster, and the teams of several at once."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from egress.models import Cluster
from egress.selectors.namespaces import present_namespaces, unprotected
from egress.services import owners
from egress.services.ownership import settings as ownership
from egress.web.forms.base import PageForm
from egress.web.forms.owners import OwnerFilter, OwnersForm, OwnershipForm, TryForm
from egress.web.paging import in_order
from egress.web.records.who import actor_of, admins_only
from egress.web.standing import clusters_in
from egress.web.views.clusters import cluster_called


@login_required
@admins_only
def owner_list(request: HttpRequest) -> HttpResponse:
    """List who owns which namespace (GET), or set the team of those that are ticked (POST)."""
    if request.method != "POST":
        return _show_list(request, OwnersForm())
    form = OwnersForm(request.POST)
    done = form.carry_out(partial(owners.set_owners, actor=actor_of(request)))
    if done is None:
        return _show_list(request, form)
    count = len(done)
    messages.success(request, f"The owner of {count} namespace{'s' * (count != 1)} is set.")
    return redirect(request.get_full_path())


@login_required
@admins_only
def cluster_owners(request: HttpRequest, name: str) -> HttpResponse:
    """Show what tells who owns the namespaces of a cluster (GET), or change it (POST)."""
    cluster = cluster_called(request, name)
    if request.method != "POST":
        return _show_cluster(request, cluster)
    form = OwnershipForm(request.POST)
    deed = partial(ownership.change, cluster=cluster, actor=actor_of(request))
    if not form.carry_out(deed):
        return _show_cluster(request, cluster, form=form)
    messages.success(request, f"Owners of namespaces in cluster {name} are learned like this now.")
    return redirect("cluster-owners", name=name)


@login_required
@admins_only
@require_POST
def try_review(request: HttpRequest, name: str) -> HttpResponse:
    """Ask the cluster whether somebody may deploy in a namespace, and show the answer."""
    cluster, form = cluster_called(request, name), TryForm(request.POST)
    answer = form.carry_out(partial(ownership.try_review, cluster=cluster, actor=actor_of(request)))
    return _show_cluster(request, cluster, try_form=form, answer=answer)


def _show_cluster(request: HttpRequest, cluster: Cluster, **more: Any) -> HttpResponse:
    context = {
        "cluster": cluster,
        "form": OwnershipForm(initial=ownership.settings_of(cluster)),
        "try_form": TryForm(),
        **more,
    }
    forms = [one for one in more.values() if isinstance(one, PageForm) and one.errors]
    status = max((one.http_status for one in forms), default=200)
    return render(request, "owners/cluster.html", context, status=status)


def _show_list(request: HttpRequest, form: OwnersForm) -> HttpResponse:
    names = [one.name for one in clusters_in(request)]
    filters = OwnerFilter(request.GET, clusters=names, auto_id="filter_%s")
    rows = filters.narrow(present_namespaces().filter(unprotected()))
    context = {
        "filters": filters,
        "page": in_order(rows, request.GET, ("pk",)),
        "form": form,
        "ticked": request.POST.getlist("namespaces"),
        "here": request.get_full_path(),
    }
    return render(request, "owners/list.html", context, status=form.status_now)
