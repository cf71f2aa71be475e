"""Notifications: who is told of what, and the mails and messages that leave the portal.

The audit trail is the outbox. An event is stored in the transaction of what it tells of, so no
change can forget to tell, and telling costs that transaction nothing. A loop of the worker reads
on from where it was (`telling`), and sends what is due (`outgoing`).
"""

from collections.abc import Callable
from datetime import datetime

from egress.services.notifications.clearing import clear_old
from egress.services.notifications.digests import make_digests
from egress.services.notifications.outgoing import send_due
from egress.services.notifications.telling import tell_what_happened

__all__ = ["clear_old", "make_digests", "send_due", "tell_what_happened", "tend"]


def tend(now: datetime, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Tell of what happened, make the daily mails that are due, and send what waits."""
    tell_what_happened(now)
    make_digests(now)
    send_due(now, is_stopping=is_stopping)
