"""The outbox: rows that say which slices are due, written with the change that made them so."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Least, Now
from django.db.transaction import TransactionManagementError

from egress.domain.slices import SliceKey, SliceKind, namespace_slice
from egress.models import Cluster, Grant, Priority, Slice
from egress.selectors.slices import slices_touched_by
from egress.services import bell

_CAUSE_CHARACTERS = 300


def namespace_key(name: str) -> str:
    """Return the key of the slice of a namespace: what is rendered for it alone."""
    return str(namespace_slice(name))


def namespace_of(key: str) -> str:
    """Return the namespace a slice key names. Raises ValueError for another kind of key."""
    parsed = SliceKey.parse(key)
    if parsed.kind is not SliceKind.NAMESPACE:
        raise ValueError(f'"{key}" is not the key of a namespace slice.')
    return parsed.name


def mark_grants(
    *, cluster: Cluster, grants: Iterable[Grant], priority: Priority, cause: str
) -> None:
    """Make due whatever enforces `grants`, all of one cluster. Like `mark_dirty` otherwise."""
    keys = slices_touched_by(cluster, grants)
    mark_dirty(cluster=cluster, keys=keys, priority=priority, cause=cause)


def mark_dirty(*, cluster: Cluster, keys: Iterable[str], priority: Priority, cause: str) -> None:
    """Make slices due in the caller's transaction, and ring the bell once it is committed.

    `cause` is a short sentence for people: it becomes the cause of the delivery. A slice that
    is due already keeps the more urgent priority. Raises TransactionManagementError outside a
    transaction: a mark that is not part of the change it announces could be lost.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("Slices are marked in the transaction that changes them.")
    # Sorted, so that two transactions that mark the same slices cannot wait for each other.
    for key in sorted(set(keys)):
        _mark(cluster, key, priority, cause[:_CAUSE_CHARACTERS])
    cluster_id = cluster.pk
    transaction.on_commit(lambda: bell.ring(cluster_id), robust=True)


def _mark(cluster: Cluster, key: str, priority: Priority, cause: str) -> None:
    row, _ = Slice.objects.get_or_create(
        cluster=cluster, key=key, defaults={"priority": priority, "due_at": Now()}
    )
    is_due = {"wanted__gt": F("done")}
    is_no_less_urgent = Case(
        When(**is_due, priority__lt=priority, then=F("cause")), default=Value(cause)
    )
    Slice.objects.filter(pk=row.pk).update(
        wanted=F("wanted") + 1,
        priority=Case(
            When(**is_due, then=Least(F("priority"), Value(int(priority)))),
            default=Value(int(priority)),
        ),
        cause=is_no_less_urgent,
        due_at=Now(),
    )
