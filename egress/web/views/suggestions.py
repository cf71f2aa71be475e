"""Suggestions below the fields of filters and questions, while somebody types."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from egress.selectors.suggestions import account_names, host_names, namespace_names
from egress.web.standing import standing_in

LONGEST = 253


@login_required
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Answer htmx with the options for one field, of what this person may know."""
    standing = standing_in(request)
    cluster, namespace = _typed(request, "cluster"), _typed(request, "namespace")
    of = request.GET.get("of")
    if of == "namespaces":
        names = namespace_names(standing, cluster, namespace)
    elif of == "accounts":
        typed = _typed(request, "service_account")
        names = account_names(standing, cluster, namespace, typed)
    elif of == "hosts":
        names = host_names(standing, cluster, namespace, _typed(request, "host"))
    else:
        names = []
    return render(request, "_options.html", {"names": names})


def _typed(request: HttpRequest, name: str) -> str:
    # PostgreSQL refuses to compare with a NUL.
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST]
