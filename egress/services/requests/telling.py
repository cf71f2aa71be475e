"""What the audit trail is told of a request that somebody makes."""

from datetime import datetime
from typing import Any

from egress.domain.access import Destination
from egress.domain.wording import listed
from egress.models import Adoption, Request
from egress.services.actor import Actor
from egress.services.adoption.judging import facts_of
from egress.services.audit import Entry, Tag


def submitted(
    request: Request,
    destinations: list[Destination],
    actor: Actor,
    adopts: Adoption | None,
    now: datetime,
) -> Entry:
    """Return the event of a new request; `adopts` is the object it takes over."""
    return Entry(
        tag=Tag.REQUEST_SUBMITTED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"Asked for access of {request.subject} to {named(destinations)}"
        + (f", in place of {adopts.key}." if adopts else "."),
        cluster=request.cluster.name,
        namespace=request.namespace,
        host=destinations[0].host if len(destinations) == 1 else "",
        data=facts(request, destinations),
        at=now,
    )


def changed(
    request: Request,
    before: dict[str, Any],
    destinations: list[Destination],
    actor: Actor,
    now: datetime,
) -> Entry:
    """Return the event of an edit; `before` is what `facts` were until then."""
    return Entry(
        tag=Tag.REQUEST_EDITED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"Edited the request: now {request.subject} to {named(destinations)}.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={"before": before, "after": facts(request, destinations)},
        at=now,
    )


def facts(request: Request, destinations: list[Destination]) -> dict[str, Any]:
    """Return what a request asks for, as the audit trail keeps it."""
    return {
        "cluster": request.cluster.name,
        "subject": str(request.subject),
        "namespace_uid": request.namespace_uid,
        "service_account_uid": request.service_account_uid,
        "destinations": [str(destination) for destination in destinations],
        "duration_days": request.duration_days,
        "reason": request.reason,
        "ticket": request.ticket,
        "revision": request.revision,
        "renews": request.renews_id,
        **({"adopts": facts_of(request.adoption)} if request.adopts_digest else {}),
    }


def named(destinations: list[Destination]) -> str:
    """Return destinations in words, the first three by name."""
    shown = [f"{d.host}:{d.port}" for d in destinations[:3]]
    more = len(destinations) - len(shown)
    return listed([*shown, f"{more} more"] if more > 0 else shown)
