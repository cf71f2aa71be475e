"""The matrix of grants: which namespaces may reach which hosts."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from egress.selectors.grants import visible_grants
from egress.web.forms.grants import MatrixFilter
from egress.web.records.matrix import Cursor, matrix_of
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """Show the grants of one cluster as namespaces and hosts, narrowed by the URL."""
    standing = standing_in(request)
    clusters = {cluster.name: cluster for cluster in clusters_in(request)}
    filters = MatrixFilter(request.GET, clusters=list(clusters))
    shown = None
    if clusters and filters.is_valid():
        grants = filters.narrow(visible_grants(standing), timezone.now())
        cluster = clusters[filters.cleaned_data["cluster"]]
        shown = matrix_of(grants, cluster, standing, Cursor(request.GET))
    context = {"filters": filters, "matrix": shown}
    return render(request, "grants/matrix.html", context)
