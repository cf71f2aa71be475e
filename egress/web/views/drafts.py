"""Drafts of requests: kept while somebody types, thrown away by hand."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from egress.services import requests as service
from egress.web import unsent
from egress.web.records.who import actor_of


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep what stands in the form, and answer htmx with a word about it."""
    unsent.keep(actor_of(request), unsent.place_here(request), request.POST)
    return render(request, "requests/_kept.html")


@login_required
@require_POST
def drop(request: HttpRequest) -> HttpResponse:
    """Throw a draft away; the form begins anew, or home is shown again."""
    place = unsent.place_of(request.POST.get("place", ""))
    service.drop_draft(actor=actor_of(request), place=place)
    return redirect("home") if request.POST.get("from") == "home" else redirect(place)
