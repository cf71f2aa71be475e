"""The list of requests: one's own, or all that one may read."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from egress.selectors.requests import visible_requests
from egress.web.forms.requests import RequestFilter
from egress.web.paging import newest_first
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """List requests, newest first, narrowed by the filters in the URL."""
    standing = standing_in(request)
    names = [cluster.name for cluster in clusters_in(request)]
    filters = RequestFilter(request.GET, clusters=names)
    page = newest_first(filters.narrow(visible_requests(standing), standing), request)
    return render(request, "requests/list.html", {"filters": filters, "page": page})
