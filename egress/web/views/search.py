"""Search: one box for hosts, namespaces, service accounts and request numbers."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces
from egress.selectors.requests import visible_requests
from egress.web.records.who import person_of
from egress.web.standing import standing_in

FOUND_SHOWN = 20


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what matches; a number leads straight to that request."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:253]
    number = q.removeprefix("#")
    standing = standing_in(request)
    if number.isascii() and number.isdigit() and len(number) <= 18:
        found = visible_requests(standing).filter(pk=int(number)).first()
        if found is not None:
            return redirect("request", pk=found.pk)
    context: dict[str, object] = {"q": q}
    if q:
        subject = Q(namespace__icontains=q) | Q(service_account__icontains=q)
        grants = visible_grants(person_of(request)).filter(subject | Q(host__icontains=q))
        asked = visible_requests(standing).filter(subject | Q(destinations__host__icontains=q))
        context |= {
            "namespaces": visible_namespaces(standing).filter(name__icontains=q)[:FOUND_SHOWN],
            "grants": grants.select_related("cluster")[:FOUND_SHOWN],
            "requests": asked.distinct()[:FOUND_SHOWN],
        }
    return render(request, "search.html", context)
