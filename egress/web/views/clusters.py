"""Clusters: how they are connected, what they enforce, and what waits for them."""

from dataclasses import asdict, replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from egress.models import Cluster
from egress.rules import is_admin
from egress.selectors.clusters import facts_of, visible_clusters
from egress.selectors.namespaces import visible_namespaces
from egress.services import cluster_settings
from egress.services.clusters import set_drift_policy
from egress.services.convergence.upgrading import older_sentence
from egress.services.errors import Missing
from egress.web.forms.base import PageForm
from egress.web.forms.clusters import ClusterSettingsForm, DriftPolicyForm
from egress.web.forms.names import NamespaceFilter
from egress.web.forms.posture import AttestForm
from egress.web.paging import by_name
from egress.web.records.brake import brake_panel
from egress.web.records.charts import waiting_chart
from egress.web.records.cluster_facts import (
    checks_of,
    due_slices,
    gateways_of,
    latest_deliveries,
    mesh_facts,
    visible_slices,
    with_grant_counts,
)
from egress.web.records.foreign import foreign_panel
from egress.web.records.posture import posture_page
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def cluster_list(request: HttpRequest) -> HttpResponse:
    """List the clusters the person may see, with how they are."""
    standing = standing_in(request)
    context = {
        "clusters": facts_of(visible_clusters(standing)),
        "sees_everything": standing.sees_everything,
    }
    return render(request, "clusters/list.html", context)


@login_required
@require_safe
def cluster_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one cluster: connection, checks, what waits, deliveries and namespaces."""
    return show_cluster(request, cluster_called(request, name))


@login_required
@require_POST
def drift_policy(request: HttpRequest, name: str) -> HttpResponse:
    """Choose what happens to changes made by hand."""
    cluster, form = cluster_called(request, name), DriftPolicyForm(request.POST)
    if not form.carry_out(partial(set_drift_policy, cluster=cluster, actor=actor_of(request))):
        return show_cluster(request, cluster, drift_form=form)
    messages.success(request, f"Drift in cluster {name}: {cluster.get_drift_policy_display()}.")
    return redirect("cluster", name=name)


@login_required
@require_POST
def settings(request: HttpRequest, name: str) -> HttpResponse:
    """Change what admins set of the cluster; gateways and owners stay as they are."""
    cluster, form = cluster_called(request, name), ClusterSettingsForm(request.POST)

    def deed(**cleaned: Any) -> Cluster:
        wanted = replace(cluster_settings.settings_of(cluster), **cleaned)
        return cluster_settings.change(cluster=cluster, settings=wanted, actor=actor_of(request))

    if not form.carry_out(deed):
        return show_cluster(request, cluster, settings_form=form)
    messages.success(request, f"The settings of cluster {name} are saved.")
    return redirect("cluster", name=name)


def cluster_called(request: HttpRequest, name: str) -> Cluster:
    """Return a cluster the person may see, by name. Raises Missing for any other."""
    cluster = next((one for one in clusters_in(request) if one.name == name), None)
    if cluster is None:
        raise Missing(f"There is no cluster “{name}” among those you may see.")
    return cluster


def show_cluster(request: HttpRequest, cluster: Cluster, **forms: PageForm) -> HttpResponse:
    """Render the page of one cluster, as far as the person may know of it."""
    standing = standing_in(request)
    namespaces = visible_namespaces(standing).filter(cluster=cluster)
    slices = visible_slices(cluster, standing)
    read = Cluster.objects.select_related("foreign_list").filter(pk=cluster.pk)
    facts = facts_of(read)[0]
    cluster = facts.cluster
    filters = NamespaceFilter(request.GET, auto_id="namespaces_%s")
    context = {
        "cluster": cluster,
        "facts": facts,
        "checks": checks_of(cluster),
        "mesh": mesh_facts(cluster),
        "gateways": gateways_of(cluster),
        "filters": filters,
        "page": by_name(with_grant_counts(filters.narrow(namespaces)), request),
        "slices": due_slices(slices),
        "waiting_chart": waiting_chart(slices, timezone.now()),
        "deliveries": latest_deliveries(slices),
        "sees_everything": standing.sees_everything,
        "is_admin": is_admin(standing),
        "brake": brake_panel(cluster, standing),
        "too_old": older_sentence(cluster),
        "foreign": foreign_panel(cluster, standing),
        "posture": (posture := posture_page(cluster, standing)),
        "attest_form": AttestForm(checks=posture.unknown),
        "drift_form": DriftPolicyForm(initial={"policy": cluster.drift_policy}),
        "settings_form": ClusterSettingsForm(initial=asdict(cluster_settings.settings_of(cluster))),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "clusters/detail.html", context, status=status)
