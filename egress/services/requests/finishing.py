"""What a decision leaves behind: verdicts, grants that are due, and what the audit trail is told.

Nothing here asks who may decide. The events are for the caller to record, as its last statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from egress.domain.lifecycle import RequestStatus, Verdict
from egress.domain.wording import listed
from egress.models import Grant, Priority, Request
from egress.selectors.bindings import decision_digest_of
from egress.services import outbox
from egress.services.actor import Actor
from egress.services.audit import Entry
from egress.services.errors import Conflict
from egress.services.requests.openings import extend_grant, open_grants
from egress.services.requests.recertified import answered_by_renewal
from egress.services.requests.recording import denied, granted
from egress.services.requests.terms import Terms


def deny(
    request: Request, terms: Terms, actor: Actor, now: datetime, lender: str = ""
) -> list[Entry]:
    """Deny a request that was claimed; return the events. Raises Conflict when it is decided."""
    _finish(request, RequestStatus.DENIED, terms, actor.name, now)
    return [denied(request, terms, actor, now, lender)]


def grant(
    request: Request,
    terms: Terms,
    actor: Actor,
    now: datetime,
    approvers: Sequence[str],
    lender: str = "",
    counted: Mapping[str, object] | None = None,
    until: datetime | None = None,
) -> list[Entry]:
    """Open or extend what was approved, and make it due; return the events.

    `lender` and `counted` are as in `recording.granted`, `until` as in `openings.open_grants`; a
    renewal has none. Raises Conflict when the request is
    decided, or when the access was granted meanwhile.
    """
    by = listed(list(approvers))[:150]
    asked = request.duration_days
    _finish(request, RequestStatus.APPROVED, terms, by, now)
    # Before the grant is written: recertifications are locked first.
    answers = answered_by_renewal(request, by, actor, now)
    grants = _granted(request, terms, by, now, until)
    outbox.mark_grants(
        cluster=request.cluster,
        grants=grants,
        priority=Priority.GRANT,
        cause=f"Request #{request.pk} was approved by {by}.",
    )
    told = granted(
        request,
        terms,
        actor,
        now,
        approvers=approvers,
        grants=grants,
        asked_days=asked,
        lender=lender,
        counted=counted,
        until=until,
    )
    return [*told, *answers]


def _granted(
    request: Request, terms: Terms, by: str, now: datetime, until: datetime | None
) -> list[Grant]:
    days = terms.duration_days
    if request.renews is not None:
        return [extend_grant(request.renews, days=days, now=now)]
    approved = [row for row in request.destinations.all() if row.verdict == Verdict.APPROVED]
    return open_grants(request, approved, days=days, granted_by=by, now=now, until=until)


def _finish(request: Request, status: RequestStatus, terms: Terms, by: str, now: datetime) -> None:
    rows = list(request.destinations.all())
    for row in rows:
        row.verdict = terms.verdicts[row.position]
        row.save(update_fields=["verdict"])
    if status == RequestStatus.APPROVED:
        request.duration_days = terms.duration_days
    request.decision_digest = decision_digest_of(request)
    claimed = Request.objects.filter(
        pk=request.pk, status=RequestStatus.PENDING, revision=terms.revision
    ).update(
        status=status,
        duration_days=request.duration_days,
        decided_at=now,
        decided_by=by,
        decision_note=terms.note,
        decision_digest=request.decision_digest,
    )
    if claimed != 1:
        raise Conflict("The request was decided meanwhile. Read it again.", reason="AlreadyDecided")
    request.status = status
