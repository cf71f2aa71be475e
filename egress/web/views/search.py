"""Search: one box for hosts, namespaces, service accounts, people and request numbers."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from egress.selectors.requests import visible_requests
from egress.selectors.search import search as find
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
        context |= vars(find(standing, q, FOUND_SHOWN))
    return render(request, "search.html", context)
