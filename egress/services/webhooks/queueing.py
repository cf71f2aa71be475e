"""Makes the messages to webhooks, by reading the audit trail on."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from egress.domain.webhooks import body_of, group_of
from egress.models import AuditEvent, AuditHead, Cluster, Outgoing, Webhook
from egress.models.scope import Scope
from egress.services.audit_chain import iso
from egress.services.notifications.outgoing import send_due

EVENTS_AT_ONCE = 500
ROUNDS_AT_ONCE = 20
KIND = "event"


def tend(now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Make the messages of what happened, and send what waits."""
    queue_messages(now)
    send_due(now, to_webhooks=True, is_stopping=is_stopping)


def queue_messages(now: datetime) -> int:
    """Make a message of each event that a webhook wants to know; return how many."""
    return sum(
        _queue_for(webhook, now)
        for webhook in Webhook.objects.filter(is_active=True).select_related("cluster")
    )


def _queue_for(webhook: Webhook, now: datetime) -> int:
    made = 0
    for _ in range(ROUNDS_AT_ONCE):
        count = _queue_some(webhook, now)
        if count is None:
            break
        made += count
    return made


def _queue_some(webhook: Webhook, now: datetime) -> int | None:
    """Make the next messages. None when there are none left, or another worker makes them."""
    seen, here = webhook.seen, Webhook.objects.filter(pk=webhook.pk, is_active=True)
    head = AuditHead.objects.values_list("sequence", flat=True).first() or 0
    if seen > head:
        # The trail was restored from a backup: what comes now is new again.
        here.filter(seen=seen).update(seen=head)
        return None
    upto = min(head, seen + EVENTS_AT_ONCE)
    if upto == seen:
        return None
    events = AuditEvent.objects.filter(sequence__gt=seen, sequence__lte=upto)
    messages = _messages(webhook, events.defer("data").order_by("sequence"), now)
    with transaction.atomic():
        if not here.filter(seen=seen).update(seen=upto):
            return None
        Outgoing.objects.bulk_create(messages, batch_size=100)
    webhook.seen = upto
    return len(messages)


def _messages(webhook: Webhook, events: Iterable[AuditEvent], now: datetime) -> list[Outgoing]:
    wanted = set(webhook.groups)
    known = _clusters() if webhook.cluster_id or webhook.namespaces != "*" else {}
    return [
        message_of(webhook, event, now)
        for event in events
        if group_of(event.tag) in wanted and _is_within(webhook, event, known)
    ]


def _clusters() -> dict[str, int]:
    return dict(Cluster.objects.values_list("name", "pk"))


def _is_within(webhook: Webhook, event: AuditEvent, known: dict[str, int]) -> bool:
    """Tell whether an event lies within what the webhook was given.

    What concerns a whole cluster, or the portal, is for webhooks of every namespace there.
    """
    if webhook.cluster_id is None and webhook.namespaces == "*":
        return True
    cluster = known.get(event.cluster, 0)
    if event.namespace:
        return Scope(webhook.cluster_id, webhook.namespaces).covers(cluster, event.namespace)
    return webhook.namespaces == "*" and webhook.cluster_id == cluster


def message_of(webhook: Webhook, event: AuditEvent, now: datetime) -> Outgoing:
    """Return the message of an event to a webhook, not stored yet."""
    facts = {name: getattr(event, name) for name in _FACTS}
    return Outgoing(
        key=f"msg_{webhook.pk}_{event.sequence}",
        webhook=webhook,
        kind=KIND,
        about=f"event:{event.sequence}",
        title=event.tag,
        body=body_of({**facts, "at": iso(event.at)}, settings.PUBLIC_URL),
        link=f"/audit/{event.sequence}",
        created_at=now,
        due_at=now,
    )


_FACTS = (
    "sequence", "tag", "actor", "cluster", "namespace", "host", "target", "target_id", "message",
)  # fmt: skip
