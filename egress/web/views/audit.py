"""The audit trail: every event, searchable, provable, and to take away."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from egress.models import AuditEvent
from egress.rules import is_admin, is_auditor
from egress.selectors.audit import beside, covered_by, latest_check, visible_events
from egress.selectors.audit_search import searching
from egress.services.audit import Tag, verify_and_note
from egress.services.errors import Missing, NotAllowed
from egress.web.exports import csv_download, ndjson_download
from egress.web.forms.audit import AuditFilter
from egress.web.paging import every, newest_first
from egress.web.records.audit_facts import (
    change_of,
    chips_in_use,
    facts_of,
    kind_chips,
    links_of,
    span_chips,
)
from egress.web.standing import clusters_in, standing_in

COLUMNS = [field.attname for field in AuditEvent._meta.concrete_fields]


@login_required
@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """List the events the person may see, narrowed by the filters in the URL."""
    filters = AuditFilter(request.GET)
    events = filters.narrow(visible_events(standing_in(request)))
    context = {
        "filters": filters,
        "page": newest_first(events, request, take=searching(filters.words)),
        "kinds": kind_chips(request),
        "spans": span_chips(request, timezone.now()),
        "in_use": chips_in_use(filters, request),
        "tags": sorted(Tag),
        **_chain(request),
    }
    return render(request, "audit/list.html", context)


@login_required
@require_safe
def event_detail(request: HttpRequest, sequence: int) -> HttpResponse:
    """Show one event whole: what changed, where it leads, and its place in the chain."""
    standing = standing_in(request)
    event = visible_events(standing).filter(sequence=sequence).first()
    if event is None:
        raise Missing(f"There is no event {sequence} among those you may see.")
    context = {
        "event": event,
        "change": change_of(event),
        "facts": facts_of(event),
        "links": links_of(event, standing, [one.name for one in clusters_in(request)]),
        "beside": beside(event, standing),
        **_chain(request),
    }
    return render(request, "audit/detail.html", context)


@login_required
@require_safe
def event_csv(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered events as CSV."""
    return csv_download("audit-events", COLUMNS, _records(_found(request)))


@login_required
@require_safe
def event_ndjson(request: HttpRequest) -> HttpResponseBase:
    """Download the filtered events as one JSON object a line."""
    return ndjson_download("audit-events", _records(_found(request)))


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


def _found(request: HttpRequest) -> QuerySet[AuditEvent]:
    """Return the visible events that pass the filters in the URL."""
    return AuditFilter(request.GET).found(visible_events(standing_in(request)))


def _records(events: QuerySet[AuditEvent]) -> Iterator[dict[str, Any]]:
    """Return one record per event, newest first, read in pieces."""
    for event in every(events):
        yield {name: getattr(event, name) for name in COLUMNS}


def _chain(request: HttpRequest) -> dict[str, Any]:
    """Return what the mark of the chain shows (templates/audit/_chain.html)."""
    check = latest_check()
    return {
        "check": check,
        "coverage": covered_by(check),
        "may_verify": _may_verify(request),
    }


def _may_verify(request: HttpRequest) -> bool:
    standing = standing_in(request)
    return is_admin(standing) or is_auditor(standing)
