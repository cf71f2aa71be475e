"""What the audit trail is told of a decision: events, for the caller to record at its end."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from egress.domain.render import GENERATOR_VERSION
from egress.domain.wording import quoted
from egress.models import Grant, Request
from egress.services.actor import Actor
from egress.services.adoption.judging import facts_of
from egress.services.audit import Entry, Tag
from egress.services.requests.openings import grant_entry
from egress.services.requests.terms import Terms, said_of
from egress.services.requests.voices import Heard


def denied(request: Request, terms: Terms, actor: Actor, now: datetime, lender: str) -> Entry:
    """Return the event of a denial. `lender` is in whose place it was given, empty for nobody's."""
    return Entry(
        tag=Tag.REQUEST_DENIED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"Denied the request{_for(lender)}.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={
            "revision": terms.revision,
            "note": terms.note,
            "digest": request.decision_digest,
            **({"for": lender} if lender else {}),
        },
        at=now,
    )


def waiting(
    request: Request, terms: Terms, actor: Actor, now: datetime, heard: Heard, lender: str
) -> Entry:
    """Return the event of an approval that is not enough alone."""
    said = said_of(list(request.destinations.all()), terms, request.duration_days)
    return Entry(
        tag=Tag.REQUEST_APPROVAL_GIVEN,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"{said}{_for(lender)}; {heard.missing_in_words()}.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={**terms_facts(terms), **heard.facts()},
        at=now,
    )


def granted(
    request: Request,
    terms: Terms,
    actor: Actor,
    now: datetime,
    *,
    approvers: Sequence[str],
    grants: Sequence[Grant],
    asked_days: int | None,
    lender: str = "",
    counted: Mapping[str, object] | None = None,
    until: datetime | None = None,
) -> list[Entry]:
    """Return the events of an approval that is enough, and of the grants that come of it.

    `counted` says who counted for which stage, as `Heard.facts` has it. `until` is when access
    ends that was opened by break-glass.
    """
    rows = list(request.destinations.all())
    what = f"{said_of(rows, terms, asked_days)}{_for(lender)}."
    if until is not None:
        what = f"Opened by break-glass until {until:%Y-%m-%d %H:%M} UTC."
    said = Entry(
        tag=Tag.REQUEST_APPROVED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=what,
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={
            **terms_facts(terms),
            "asked_days": asked_days,
            "approvers": list(approvers),
            **(counted or {}),
            "digest": request.decision_digest,
            "generator_version": GENERATOR_VERSION,
            **({"adopts": facts_of(request.adoption)} if request.adopts_digest else {}),
        },
        at=now,
    )
    return [said, *(_grant_entry(request, grant, actor, now) for grant in grants)]


def _for(lender: str) -> str:
    """Return in whose place somebody acts, as the end of what is said of it."""
    return f" for {quoted(lender)}" if lender else ""


def _grant_entry(request: Request, grant: Grant, actor: Actor, now: datetime) -> Entry:
    if request.renews_id is None:
        return grant_entry(Tag.GRANT_CREATED, grant, actor, f"Granted {grant}.", now)
    until = f"until {grant.expires_at:%Y-%m-%d %H:%M} UTC" if grant.expires_at else "without end"
    return grant_entry(Tag.GRANT_RENEWED, grant, actor, f"Renewed {grant} {until}.", now)


def terms_facts(terms: Terms) -> dict[str, object]:
    """Return the terms of an approval, as the audit trail keeps them."""
    return {
        "revision": terms.revision,
        "verdicts": {str(position): str(said) for position, said in terms.verdicts.items()},
        "duration_days": terms.duration_days,
        "note": terms.note,
        "terms": terms.digest,
    }
