"""The catalogue: services people know by name."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import CatalogueEntry
from egress.rules import is_admin
from egress.services import catalogue
from egress.services.errors import Missing
from egress.web.catalogue_page import matching, shelves
from egress.web.forms.catalogue import CatalogueForm, as_lines
from egress.web.records.who import actor_of, admins_only
from egress.web.standing import standing_in

LONGEST_SEARCH = 100


@login_required
@require_safe
def entry_list(request: HttpRequest) -> HttpResponse:
    """List the presets, or those in which words occur; admins see retired ones too."""
    admin, words = is_admin(standing_in(request)), request.GET.get("q", "")[:LONGEST_SEARCH]
    entries = CatalogueEntry.objects.order_by("-is_active", "title")
    if not admin:
        entries = entries.filter(is_active=True)
    found = matching(entries, words)
    context = {"shelves": shelves(found), "count": len(found), "words": words, "is_admin": admin}
    return render(request, "catalogue/list.html", context)


@login_required
@admins_only
def entry_new(request: HttpRequest) -> HttpResponse:
    """Add a preset."""
    return _edit(request, None)


@login_required
@admins_only
def entry_edit(request: HttpRequest, name: str) -> HttpResponse:
    """Change a preset, or bring a retired one back."""
    return _edit(request, _entry(name))


@login_required
@admins_only
@require_POST
def entry_retire(request: HttpRequest, name: str) -> HttpResponse:
    """Take a preset out of the catalogue."""
    entry = _entry(name)
    catalogue.retire(entry=entry, actor=actor_of(request))
    messages.success(request, f"{entry.title} is retired: nobody can pick it any more.")
    return redirect("catalogue")


def _entry(name: str) -> CatalogueEntry:
    entry = CatalogueEntry.objects.filter(name=name).first()
    if entry is None:
        raise Missing(f"There is no entry “{name}” in the catalogue.")
    return entry


def _edit(request: HttpRequest, entry: CatalogueEntry | None) -> HttpResponse:
    """Show the form of a preset, or save it."""
    if request.method == "POST":
        form = CatalogueForm(request.POST)
        if form.carry_out(partial(catalogue.save, entry=entry, actor=actor_of(request))):
            messages.success(request, "The catalogue is saved.")
            return redirect("catalogue")
    else:
        form = CatalogueForm(initial=_initial(entry) if entry else None)
    context = {"entry": entry, "form": form}
    return render(request, "catalogue/form.html", context, status=form.status_now)


def _initial(entry: CatalogueEntry) -> dict[str, object]:
    plain = ("name", "title", "notes", "owner", "owner_team")
    return {name: getattr(entry, name) for name in plain} | {"destinations": as_lines(entry)}
