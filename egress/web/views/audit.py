"""The audit trail: every event, searchable, provable, and to take away."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import AuditEvent
from egress.rules import is_admin, is_auditor
from egress.selectors.audit import latest_check, visible_events
from egress.services.audit import Tag, verify_and_note
from egress.services.errors import Missing, NotAllowed
from egress.web.exports import csv_download, ndjson_download
from egress.web.forms.audit import AuditFilter
from egress.web.paging import newest_first
from egress.web.standing import standing_in

COLUMNS = [field.attname for field in AuditEvent._meta.concrete_fields]


@login_required
@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """List the events the person may see, narrowed by the filters in the URL."""
    filters, events = _asked_for(request)
    context = {
        "filters": filters,
        "page": newest_first(events, request),
        "check": latest_check(),
        "may_verify": _may_verify(request),
        "tags": sorted(Tag),
    }
    return render(request, "audit/list.html", context)


@login_required
@require_safe
def event_detail(request: HttpRequest, sequence: int) -> HttpResponse:
    """Show one event whole: its data and its place in the chain."""
    event = visible_events(standing_in(request)).filter(sequence=sequence).first()
    if event is None:
        raise Missing(f"There is no event {sequence} among those you may see.")
    return render(request, "audit/detail.html", {"event": event, "facts": _facts(event)})


@login_required
@require_safe
def event_csv(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered events as CSV."""
    return csv_download("audit-events", COLUMNS, _records(_asked_for(request)[1]))


@login_required
@require_safe
def event_ndjson(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered events as one JSON object a line."""
    return ndjson_download("audit-events", _records(_asked_for(request)[1]))


@login_required
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain now and note the result."""
    if not _may_verify(request):
        raise NotAllowed("Only admins and auditors verify the chain. Ask one of them.")
    check = verify_and_note()
    if check.valid:
        messages.success(request, f"The chain is whole: {check.events} events verified.")
    else:
        messages.error(request, f"The chain is broken. {check.message}")
    return redirect("audit")


def _asked_for(request: HttpRequest) -> tuple[AuditFilter, QuerySet[AuditEvent]]:
    """Return the filters in the URL and the visible events that pass them."""
    filters = AuditFilter(request.GET)
    return filters, filters.narrow(visible_events(standing_in(request)))


def _records(events: QuerySet[AuditEvent]) -> Iterator[dict[str, Any]]:
    """Return one record per event, newest first, read in pieces."""
    yield from events.order_by("-sequence").values(*COLUMNS).iterator(chunk_size=2000)


def _may_verify(request: HttpRequest) -> bool:
    standing = standing_in(request)
    return is_admin(standing) or is_auditor(standing)


def _facts(event: AuditEvent) -> list[tuple[str, str]]:
    """Return the data of an event as lines for people: a name, and the value as text."""
    return [(name.replace("_", " "), _readable(value)) for name, value in event.data.items()]


def _readable(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
