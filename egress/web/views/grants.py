"""Grants: who may reach what, for how long, and whether the cluster carries it."""

from collections.abc import Callable, Sequence
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from egress.models import DeliveryStep, Grant
from egress.selectors.grants import visible_grants
from egress.selectors.paths import way_of_grant
from egress.selectors.standing_access import is_shared_with_unknown
from egress.services import drift
from egress.services import grants as grant_service
from egress.services import requests as request_service
from egress.services.errors import Conflict, Missing
from egress.web.exports import csv_download, json_download
from egress.web.forms.base import PageForm
from egress.web.forms.grants import GrantFilter, ReasonForm, RenewForm
from egress.web.forms.recertification import ConfirmForm, DropForm
from egress.web.paging import newest_first
from egress.web.records.conditions import conditions, with_enforcement
from egress.web.records.grant_facts import (
    COLUMNS,
    actions_on,
    in_cluster,
    pinned_namespace,
    records,
    rows,
    with_renewal,
)
from egress.web.records.grant_path import path_for
from egress.web.records.history import history_of
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_in
from egress.web.ways import way_in, way_of


@login_required
@require_safe
def grant_list(request: HttpRequest) -> HttpResponse:
    """List the grants the person may see, narrowed by the filters in the URL."""
    filters, grants = _asked_for(request)
    page = newest_first(grants, request)
    context = {"filters": filters, "page": page, "rows": rows(page.rows)}
    return render(request, "grants/list.html", context)


@login_required
@require_safe
def grant_csv(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered grants as CSV."""
    return csv_download("grants", COLUMNS, records(_asked_for(request)[1]))


@login_required
@require_safe
def grant_json(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered grants as JSON."""
    return json_download("grants", records(_asked_for(request)[1]))


@login_required
@require_safe
def grant_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one grant: facts, objects in the cluster, history, and what may be done."""
    return show_grant(request, grant_of(request, pk))


@login_required
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for more time on the grant."""
    grant, form = grant_of(request, pk), RenewForm(request.POST, auto_id="renew_%s")
    deed = partial(request_service.renew, grant=grant, actor=actor_of(request))
    asked = form.carry_out(deed)
    if asked is None:
        return show_grant(request, grant, renew_form=form)
    messages.success(request, "Renewal asked for. It is decided like any other request.")
    return redirect("request", pk=asked.pk)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End the grant."""
    said = "The grant is revoked. The cluster is being told now."
    return carry_out(request, pk, "revoke", ReasonForm, grant_service.revoke, said)


@login_required
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a suspended grant back in force."""
    said = "The grant is resumed. The cluster is being told now."
    return carry_out(request, pk, "resume", ReasonForm, grant_service.resume, said)


@login_required
@require_POST
def apply_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the worker write back what somebody changed in the cluster."""
    grant = grant_of(request, pk)
    try:
        drift.apply_again(grant=grant, actor=actor_of(request))
        messages.success(request, "The worker writes back what differs now.")
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("grant", pk=pk)


def _asked_for(request: HttpRequest) -> tuple[GrantFilter, QuerySet[Grant]]:
    """Return the filters in the URL and the visible grants that pass them."""
    standing = standing_in(request)
    names = [cluster.name for cluster in clusters_in(request)]
    filters = GrantFilter(request.GET, clusters=names)
    grants = visible_grants(standing)
    return filters, with_enforcement(filters.narrow(grants, timezone.now()))


def grant_of(request: HttpRequest, pk: int) -> Grant:
    """Return a grant the person may see. Raises Missing for any other."""
    grants = visible_grants(standing_in(request))
    read = with_renewal(with_enforcement(grants))
    read = read.select_related("request__break_glass", "recertification")
    grant = read.filter(pk=pk).first()
    if grant is None:
        raise Missing(f"There is no grant {pk} among those you may see.")
    return grant


def carry_out(
    request: HttpRequest,
    pk: int,
    verb: str,
    kind: type[PageForm],
    deed: Callable[..., object],
    said: str,
) -> HttpResponse:
    """Do what a form on the page of a grant asks for, and say so there.

    `verb` names the form among those of `show_grant`, which shows what was not accepted.
    """
    grant, form = grant_of(request, pk), kind(request.POST, auto_id=f"{verb}_%s")
    if not form.carry_out(partial(deed, grant=grant, actor=actor_of(request))):
        return show_grant(request, grant, **{f"{verb}_form": form})
    messages.success(request, said)
    return redirect("grant", pk=pk)


def show_grant(request: HttpRequest, grant: Grant, **forms: PageForm) -> HttpResponse:
    """Render the page of one grant; `forms` are those that were sent and not accepted."""
    pinned = pinned_namespace(grant)
    way = way_of_grant(grant) if grant.is_live else None
    carried = in_cluster(grant, pinned, way)
    present = pinned if pinned and pinned.gone_at is None else None
    context = {
        "grant": grant,
        "path": path_for(grant, carried, way) if way else None,
        "conditions": conditions(grant, is_enforced=getattr(grant, "is_enforced", False)),
        "way": way_of(present) if present else way_in(grant.cluster, grant.namespace),
        "objects": carried.objects,
        **_writes(request, grant, carried.steps),
        "difference": _difference(request, grant),
        "timeline": history_of("grant", grant.pk),
        "may": actions_on(grant, pinned, standing_in(request)),
        "renew_form": RenewForm(auto_id="renew_%s"),
        "revoke_form": ReasonForm(auto_id="revoke_%s"),
        "resume_form": ReasonForm(auto_id="resume_%s"),
        "confirm_form": ConfirmForm(auto_id="confirm_%s"),
        "drop_form": DropForm(auto_id="drop_%s"),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "grants/detail.html", context, status=status)


def _writes(request: HttpRequest, grant: Grant, steps: Sequence[DeliveryStep]) -> dict[str, object]:
    """Return the writes to show: none that may name somebody whom the person may not know."""
    own = [step for step in steps if step.namespace == grant.namespace]
    hides = len(own) < len(steps) and is_shared_with_unknown(standing_in(request), grant)
    return {"steps": own if hides else steps, "hides_steps": hides}


def _difference(request: HttpRequest, grant: Grant) -> drift.Difference | None:
    """Return how the cluster differs from a drifted grant now, None until somebody asks."""
    if not (grant.is_open and grant.drifted_at and request.GET.get("live")):
        return None
    return drift.differences(grant=grant, actor=actor_of(request))
