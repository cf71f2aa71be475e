"""Foreign objects of a cluster: listed, and asked to be adopted."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from egress.models import Cluster, ForeignObject, Request
from egress.selectors.foreign import asked_for, list_of, visible_foreign
from egress.services import requests as request_service
from egress.services.adoption.judging import Pin
from egress.services.errors import Conflict, Missing, Refused, Unavailable
from egress.services.requests.adoptions import AdoptionPreview
from egress.web.forms.foreign import AdoptForm, ForeignFilter
from egress.web.paging import newest_first
from egress.web.records.foreign import foreign_rows, manifest_yaml
from egress.web.records.who import actor_of
from egress.web.request_page import ShownFinding
from egress.web.standing import standing_in
from egress.web.views.clusters import cluster_called


@login_required
@require_safe
def foreign_list(request: HttpRequest, name: str) -> HttpResponse:
    """List the foreign objects that the person may know of, narrowed by the filters in the URL."""
    cluster, standing = cluster_called(request, name), standing_in(request)
    filters = ForeignFilter(request.GET)
    page = newest_first(filters.narrow(visible_foreign(cluster, standing)), request)
    context = {
        "cluster": cluster,
        "filters": filters,
        "page": page,
        "rows": foreign_rows(cluster, standing, page.rows),
        "known": list_of(cluster),
        "kept": ForeignObject.objects.filter(cluster=cluster).count(),
        "sees_everything": standing.sees_everything,
    }
    return render(request, "clusters/foreign.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: HttpRequest, name: str, uid: str) -> HttpResponse:
    """Show what adopting an object would create and delete, and ask for it."""
    cluster = cluster_called(request, name)
    row = _listed(request, cluster, uid)
    form = AdoptForm(request.POST) if request.method == "POST" else None
    asked = form.carry_out(lambda **said: _ask(request, row, **said)) if form else None
    if asked is not None:
        messages.success(request, "Adoption asked for. It is decided like any other request.")
        return redirect("request", pk=asked.pk)
    return _show(request, row, form)


def _show(request: HttpRequest, row: ForeignObject, form: AdoptForm | None) -> HttpResponse:
    """Render what would come of an adoption; `form` is one that was sent and not accepted."""
    seen, why_not = _preview(request, row)
    if form is None and seen and not seen.is_blocked:
        version = {"uid": seen.pin.uid, "resource_version": seen.pin.resource_version}
        form = AdoptForm(initial=version)
    found = seen.findings if seen else ()
    context = {
        "cluster": row.cluster,
        "row": row,
        "preview": seen,
        "manifest": manifest_yaml(seen.manifest) if seen else "",
        "findings": [ShownFinding(f.level, f.message, f.reason, codes=f.codes) for f in found],
        "why_not": why_not,
        "asked": asked_for(row.cluster, [row.uid]).get(row.uid),
        "form": form,
    }
    status = form.status_now if form else 200
    return render(request, "clusters/adopt.html", context, status=status)


def _listed(request: HttpRequest, cluster: Cluster, uid: str) -> ForeignObject:
    row = visible_foreign(cluster, standing_in(request)).filter(uid=uid).first()
    if row is None:
        raise Missing("There is no such foreign object among those you may see. Look at the list.")
    return row


def _ask(
    request: HttpRequest,
    row: ForeignObject,
    *,
    uid: str,
    resource_version: str,
    reason: str,
    duration_days: int,
) -> Request:
    return request_service.adopt(
        cluster=row.cluster,
        pin=Pin(row.key, uid, resource_version),
        actor=actor_of(request),
        reason=reason,
        duration_days=duration_days,
    )


def _preview(request: HttpRequest, row: ForeignObject) -> tuple[AdoptionPreview | None, str]:
    try:
        actor = actor_of(request)
        return request_service.preview_adoption(cluster=row.cluster, key=row.key, actor=actor), ""
    except (Refused, Conflict, Unavailable) as error:
        return None, error.message
