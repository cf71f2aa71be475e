"""Sends what is due: each message at least once, under the same id, with growing pauses."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F

from egress.domain.notices import pause_after
from egress.models import Channel, Outgoing, Webhook
from egress.services.convergence.clock import database_now
from egress.services.credentials import CredentialsUnreadableError, unseal
from egress.services.notifications import channel_call, mail
from egress.services.undeliverable import UndeliverableError
from egress.services.webhooks.calling import call

logger = structlog.get_logger(__name__)

MESSAGES_AT_ONCE = 100
_LEASE = timedelta(minutes=2)
"""How long a worker has for one message before another one tries it."""

_Place = tuple[int | None, int | None]
"""The channel or the webhook that a message goes to; neither for mail."""

_NOT_NEEDED = "There was nothing to tell any more, or nobody who may know of it."


def send_due(
    now: datetime, *, to_webhooks: bool = False, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due to people and channels, or to webhooks; return how much left the portal.

    What goes where sending just failed waits for a later round, and holds nothing else up.
    """
    due = Outgoing.objects.filter(status=Outgoing.Status.WAITING, due_at__lte=now)
    due = due.filter(webhook__isnull=not to_webhooks).order_by("due_at", "pk")
    due = due.select_related("channel", "person", "webhook")
    pks = list(due.values_list("pk", flat=True)[:MESSAGES_AT_ONCE])
    failing: set[_Place] = set()
    sent = 0
    for pk in pks:
        if is_stopping():
            break
        # Read again: meanwhile another worker may send it, or have sent it.
        row = due.filter(pk=pk).first()
        if row is not None and _place(row) not in failing and _claim(row):
            sent += _send_one(row, failing)
    return sent


def _place(row: Outgoing) -> _Place:
    return row.channel_id, row.webhook_id


def _send_one(row: Outgoing, failing: set[_Place]) -> bool:
    """Send a message that was claimed; tell whether it left. A failure is noted in `failing`."""
    try:
        was_sent = _hand_over(row)
    except UndeliverableError as error:
        if not error.permanent:
            failing.add(_place(row))
        _note_failure(row, error)
        return False
    except Exception as error:
        logger.exception("message_not_sent", key=row.key)
        _note_failure(row, UndeliverableError(f"It broke: {type(error).__name__}."))
        return False
    _settle(row, Outgoing.Status.SENT if was_sent else Outgoing.Status.DROPPED)
    return was_sent


def _claim(row: Outgoing) -> bool:
    """Let no other worker send the message for a while, and count the attempt.

    The while begins now, not with the round: a round may last longer than that.
    """
    waiting = Outgoing.objects.filter(
        pk=row.pk, status=Outgoing.Status.WAITING, attempts=row.attempts, due_at=row.due_at
    )
    if not waiting.update(attempts=F("attempts") + 1, due_at=database_now() + _LEASE):
        return False
    row.attempts += 1
    return True


def _hand_over(row: Outgoing) -> bool:
    """Send the message. False when it is not needed any more. Raises UndeliverableError."""
    if row.channel is not None:
        return _to_channel(row, row.channel)
    if row.webhook is not None:
        return call(row, row.webhook)
    letter = mail.letter_for(row, row.person) if row.person else None
    if letter is None:
        return False
    mail.send(letter)
    return True


def _to_channel(row: Outgoing, channel: Channel) -> bool:
    if not channel.is_active:
        return False
    try:
        url = unseal(bytes(channel.sealed_url))
    except CredentialsUnreadableError:
        raise UndeliverableError(
            "The stored address cannot be read with the keys in EGRESS_CREDENTIAL_KEYS."
        ) from None
    lines = [row.text, f"{settings.PUBLIC_URL.rstrip('/')}{row.link}", f"({row.key})"]
    channel_call.send(url, title=row.title, text="\n".join(line for line in lines if line))
    return True


def _note_failure(row: Outgoing, error: UndeliverableError) -> None:
    pause = None if error.permanent else pause_after(row.attempts)
    if pause is None:
        logger.error("message_given_up", key=row.key, attempts=row.attempts, why=error.message)
        _settle(row, Outgoing.Status.GIVEN_UP, error.message)
        return
    logger.warning("message_failed", key=row.key, attempts=row.attempts, why=error.message)
    later = database_now() + pause
    Outgoing.objects.filter(pk=row.pk).update(due_at=later, message=error.message)
    _note_at_place(row, error.message)


def _settle(row: Outgoing, status: Outgoing.Status, message: str = "") -> None:
    if status == Outgoing.Status.DROPPED:
        message = _NOT_NEEDED
    Outgoing.objects.filter(pk=row.pk).update(
        status=status, settled_at=database_now(), message=message
    )
    if status != Outgoing.Status.DROPPED:
        _note_at_place(row, message)


def _note_at_place(row: Outgoing, message: str) -> None:
    said = {"last_at": database_now(), "last_ok": not message, "last_message": message}
    if row.channel_id is not None:
        Channel.objects.filter(pk=row.channel_id).update(**said)
    if row.webhook_id is not None:
        Webhook.objects.filter(pk=row.webhook_id).update(**said)
