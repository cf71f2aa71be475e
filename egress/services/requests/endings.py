"""Requests that end without a decision: taken back, or never decided."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.models import Request
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, NotAllowed
from egress.services.one_by_one import do_each


@transaction.atomic
def withdraw(*, request: Request, actor: Actor) -> Request:
    """Take a pending request back; only its requester may.

    Raises Missing, NotAllowed, and Conflict when it was decided meanwhile.
    """
    standing = guards.standing_of_actor(actor)
    stored = guards.fresh_request(request.pk, standing)
    if stored.requester_id != standing.person_id:
        raise NotAllowed(
            f"Only {stored.requester} may withdraw this request. Deny it instead, if you may.",
            reason="NotTheRequester",
        )
    now = timezone.now()
    if not _end(stored.pk, RequestStatus.WITHDRAWN, actor.name, now):
        raise Conflict(
            "The request is decided already, so it cannot be withdrawn. Revoke its grants instead.",
            reason="AlreadyDecided",
        )
    ended = guards.fresh_request(stored.pk, standing)
    _record(ended, Tag.REQUEST_WITHDRAWN, actor, "Withdrew the request.", now)
    return ended


def lapse_overdue(*, now: datetime) -> int:
    """End every pending request that nobody decided in time; return how many."""
    overdue = Request.objects.filter(status=RequestStatus.PENDING, lapses_at__lte=now)
    due = list(overdue.order_by("pk").values_list("pk", flat=True))
    return do_each(due, lambda pk: _lapse(pk, now))


@transaction.atomic
def _lapse(pk: int, now: datetime) -> bool:
    actor = Actor.system("expiry")
    if not _end(pk, RequestStatus.LAPSED, "", now, lapses_at__lte=now):
        return False
    request = Request.objects.select_related("cluster").get(pk=pk)
    _record(request, Tag.REQUEST_LAPSED, actor, "Nobody decided the request in time.", now)
    return True


def _end(pk: int, status: RequestStatus, by: str, now: datetime, **still: datetime) -> bool:
    pending = Request.objects.filter(pk=pk, status=RequestStatus.PENDING, **still)
    return pending.update(status=status, decided_by=by, decided_at=now) == 1


def _record(request: Request, tag: Tag, actor: Actor, message: str, now: datetime) -> None:
    audit.record(
        tag=tag,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=message,
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={"revision": request.revision},
        at=now if actor.person else timezone.now(),
    )
