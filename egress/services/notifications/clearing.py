"""What was read, or sent, long ago is deleted. The audit trail keeps what happened."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from egress.models import Notification, Outgoing

KEPT_READ = timedelta(days=90)
KEPT_UNREAD = timedelta(days=365)
_AT_ONCE = 1000


def clear_old(now: datetime) -> int:
    """Delete notifications read 90 days ago, and unread ones of a year ago; return how many."""
    over = Q(read_at__lt=now - KEPT_READ) | Q(created_at__lt=now - KEPT_UNREAD)
    deleted = _delete(Notification.objects.filter(over))
    _delete(Outgoing.objects.filter(settled_at__lt=now - KEPT_READ))
    return deleted


def _delete(rows: "QuerySet[Notification] | QuerySet[Outgoing]") -> int:
    """Delete rows a thousand at a time, so that no transaction is long."""
    count = 0
    while pks := list(rows.order_by().values_list("pk", flat=True)[:_AT_ONCE]):
        count += rows.model.objects.filter(pk__in=pks).delete()[0]
    return count
