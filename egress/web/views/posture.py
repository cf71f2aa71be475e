"""The posture of a cluster: looking again, and vouching for what cannot be read."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from egress.services import posture
from egress.services.errors import ServiceError, Unavailable
from egress.services.guards import require_admin
from egress.web.forms.posture import AttestForm
from egress.web.records.posture import posture_page
from egress.web.records.who import actor_of
from egress.web.standing import standing_in
from egress.web.views.clusters import cluster_called, show_cluster


@login_required
@require_POST
def look(request: HttpRequest, name: str) -> HttpResponse:
    """Look at the cluster now."""
    cluster = cluster_called(request, name)
    _require_admin(request)
    try:
        posture.look(cluster)
        messages.success(request, f"Looked at cluster {name}.")
    except Unavailable as error:
        messages.error(request, error.message)
    return redirect("cluster", name=name)


@login_required
@require_POST
def attest(request: HttpRequest, name: str) -> HttpResponse:
    """Vouch for a check that could not be made."""
    cluster = cluster_called(request, name)
    _require_admin(request)
    unknown = posture_page(cluster, standing_in(request)).unknown
    form = AttestForm(request.POST, checks=unknown)
    deed = partial(posture.attest, cluster=cluster, actor=actor_of(request))
    if not form.carry_out(deed):
        return show_cluster(request, cluster, attest_form=form)
    messages.success(request, "Your word is recorded.")
    return redirect("cluster", name=name)


@login_required
@require_POST
def withdraw(request: HttpRequest, name: str, check: str) -> HttpResponse:
    """Take back what an admin vouched for."""
    cluster = cluster_called(request, name)
    _require_admin(request)
    try:
        posture.withdraw(cluster=cluster, row_id=check, actor=actor_of(request))
        messages.success(request, f"Nobody vouches for {check} any more.")
    except ServiceError as error:
        messages.error(request, error.message)
    return redirect("cluster", name=name)


def _require_admin(request: HttpRequest) -> None:
    require_admin(actor_of(request), "look at the posture anew and vouch for checks")
