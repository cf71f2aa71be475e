"""Requests that wait for long: approvers are reminded once, then admins are told once.

The audit event is what people are told of, like everything else: see services/notifications.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from egress.domain.lifecycle import RequestStatus
from egress.models import Request
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.one_by_one import do_each

AT_ONCE = 500


def remind_waiting(*, now: datetime) -> int:
    """Remind of every pending request that waits for long; return how many reminders there were.

    A request that waits for so long that admins hear of it reminds its approvers, too, when that
    did not happen yet.
    """
    return _remind(
        "reminded_at",
        settings.REMIND_HOURS,
        Tag.REQUEST_REMINDED,
        "The request still waits for a decision.",
        now,
    ) + _remind(
        "escalated_at",
        settings.ESCALATE_HOURS,
        Tag.REQUEST_ESCALATED,
        "The approvers did not decide the request so far.",
        now,
    )


def _remind(column: str, hours: float, tag: Tag, message: str, now: datetime) -> int:
    if hours <= 0:
        return 0
    waiting = Request.objects.filter(
        status=RequestStatus.PENDING,
        created_at__lte=now - timedelta(hours=hours),
        lapses_at__gt=now,
        **{column: None},
    )
    due = list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return do_each(due, lambda pk: _note(pk, column, tag, message, now))


@transaction.atomic
def _note(pk: int, column: str, tag: Tag, message: str, now: datetime) -> bool:
    unsaid = Request.objects.filter(pk=pk, status=RequestStatus.PENDING, **{column: None})
    if unsaid.update(**{column: now}) != 1:
        return False
    request = Request.objects.select_related("cluster").get(pk=pk)
    audit.record(
        tag=tag,
        actor=Actor.system("reminders"),
        target="request",
        target_id=pk,
        message=message,
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={"revision": request.revision, "asked_at": request.created_at},
    )
    return True
