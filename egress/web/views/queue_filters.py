"""Saved filters of the queue: save those in use under a name, and remove one."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from egress.services import saved_filters as service
from egress.web.forms.queue import QueueFilters, SaveFilterForm, address_of, query_before
from egress.web.records.who import actor_of
from egress.web.views.queue import show_queue


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save the filters in use."""
    query, form = query_before(request), SaveFilterForm(request.POST, auto_id="filter_%s")
    filters = QueueFilters.of(query).asked
    saved = form.carry_out(partial(service.save_filter, actor=actor_of(request), filters=filters))
    if saved is None:
        return show_queue(request, query, save_form=form, status=form.http_status)
    messages.success(request, f"The filters are saved as “{saved.name}”.")
    return redirect(address_of(query))


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a saved filter; the queue stays filtered as it is."""
    removed = service.remove_filter(actor=actor_of(request), pk=pk)
    messages.success(request, f"The saved filter “{removed.name}” is removed.")
    return redirect(address_of(query_before(request)))
