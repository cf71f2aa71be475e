"""The synced inventory: what is in a cluster, and what becomes of grants whose subject is not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from egress.cluster.inventory import InventorySnapshot, NamespaceSnapshot
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Cluster, Grant, Namespace, Priority, ServiceAccount
from egress.selectors.slices import slices_of_namespace, slices_with_doors_of
from egress.services import grants, outbox
from egress.services.actor import Actor
from egress.services.errors import Refused
from egress.services.ownership.sources import owner_label_in

ACTOR = Actor.system("inventory")
SEEN_EVERY = timedelta(minutes=1)
_AT_ONCE = 500
"""So many rows of grants are held at once."""


@dataclass(frozen=True)
class SyncResult:
    """What a sync changed: names of namespaces, and how many grants were suspended."""

    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    suspended: int = 0


def sync(*, cluster: Cluster, snapshot: InventorySnapshot, now: datetime) -> SyncResult:
    """Bring the stored inventory to what was seen in the cluster.

    A snapshot that is not `confirmed` is a single read: it adds and changes, but something that
    is missing in it is believed to be gone only when another uid stands in its place. Grants
    whose pinned namespace or service account is gone are suspended, and their slices become
    due. Raises Refused for the snapshot of another cluster.
    """
    if snapshot.cluster_uid != cluster.uid:
        raise Refused(
            f'The inventory is of another cluster than "{cluster.name}". Nothing was changed.',
            reason="WrongCluster",
        )
    with transaction.atomic():
        if not _take_turn(cluster, snapshot.taken_at, now):
            return SyncResult()
        present = {row.name: row for row in _present(cluster)}
        # Read under the lock: the row at hand may be as old as whoever follows the cluster.
        by_label = Cluster.objects.filter(pk=cluster.pk, owner_by_label=True).exists()
        vanished = _drop_namespaces(present, snapshot, now)
        appeared, changed, lost, gained = [], [], set(vanished), set[str]()
        for name, seen in sorted(snapshot.namespaces.items()):
            row = present.get(name)
            if row is None or row.uid != seen.uid:
                appeared.append(name)
                row = _add(cluster, seen, by_label, now)
            elif _update(row, seen, by_label):
                changed.append(name)
            went, came = _sync_accounts(row, seen, snapshot.confirmed, now)
            lost |= {name} if went else set()
            gained |= {name} if came else set()
        _note_seen(cluster, now)
        suspended = _suspend_orphans(cluster)
        _announce(cluster, lost, Priority.REVOKE)
        _announce(cluster, gained | set(appeared), Priority.GRANT)
    changed = sorted({*changed, *lost, *gained} - {*appeared, *vanished})
    return SyncResult(tuple(appeared), tuple(vanished), tuple(changed), suspended)


def _take_turn(cluster: Cluster, taken_at: datetime, now: datetime) -> bool:
    """Lock the cluster's row; an older picture than the stored one changes nothing.

    A picture from the future comes from a clock that was wrong, and holds nothing up.
    """
    is_newer = Q(inventory_at=None) | Q(inventory_at__lte=taken_at) | Q(inventory_at__gt=now)
    seen_at = min(taken_at, now)
    return bool(Cluster.objects.filter(is_newer, pk=cluster.pk).update(inventory_at=seen_at))


def _present(cluster: Cluster) -> QuerySet[Namespace]:
    return Namespace.objects.filter(cluster=cluster, gone_at=None)


def _drop_namespaces(
    present: dict[str, Namespace], snapshot: InventorySnapshot, now: datetime
) -> list[str]:
    """Mark what is gone before anything new takes its name."""
    gone = []
    for name, row in present.items():
        seen = snapshot.namespaces.get(name)
        if (seen is None and snapshot.confirmed) or (seen is not None and seen.uid != row.uid):
            gone.append(name)
    rows = [present[name].pk for name in gone]
    Namespace.objects.filter(pk__in=rows).update(gone_at=now, default_deny_enforced=False)
    ServiceAccount.objects.filter(namespace__in=rows, gone_at=None).update(gone_at=now)
    return gone


def _facts(seen: NamespaceSnapshot, by_label: bool) -> dict[str, object]:
    return {
        "labels": dict(seen.labels),
        "injected": seen.injected,
        "pods": seen.pods,
        "uninjected_pods": list(seen.uninjected_pods),
        "owner_label": owner_label_in(seen.labels, seen.annotations) if by_label else "",
    }


def _add(cluster: Cluster, seen: NamespaceSnapshot, by_label: bool, now: datetime) -> Namespace:
    """Store a namespace that was not there; one that was gone for a moment comes back."""
    row, _ = Namespace.objects.update_or_create(
        cluster=cluster,
        uid=seen.uid,
        defaults={"name": seen.name, "seen_at": now, "gone_at": None, **_facts(seen, by_label)},
    )
    return row


def _update(row: Namespace, seen: NamespaceSnapshot, by_label: bool) -> bool:
    """Store changed facts. Return whether there are any."""
    facts = _facts(seen, by_label)
    changed = {name: value for name, value in facts.items() if getattr(row, name) != value}
    if changed:
        Namespace.objects.filter(pk=row.pk).update(**changed)
    return bool(changed)


def _sync_accounts(
    row: Namespace, seen: NamespaceSnapshot, is_confirmed: bool, now: datetime
) -> tuple[bool, bool]:
    """Store the service accounts of a namespace. Return whether any went, and whether any came."""
    present = dict(row.service_accounts.filter(gone_at=None).values_list("name", "uid"))
    wanted = seen.service_accounts
    gone = [
        name
        for name, uid in present.items()
        if (name not in wanted and is_confirmed) or wanted.get(name, uid) != uid
    ]
    if gone:
        row.service_accounts.filter(name__in=gone, gone_at=None).update(gone_at=now)
    new = [name for name, uid in wanted.items() if present.get(name) != uid]
    for name in new:
        ServiceAccount.objects.update_or_create(
            namespace=row,
            uid=wanted[name],
            defaults={"name": name, "seen_at": now, "gone_at": None},
        )
    return bool(gone), bool(new)


def _note_seen(cluster: Cluster, now: datetime) -> None:
    _present(cluster).filter(seen_at__lt=now - SEEN_EVERY).update(seen_at=now)


def _suspend_orphans(cluster: Cluster) -> int:
    """Suspend open grants whose pinned subject is not there any more."""
    namespaces = set(_present(cluster).values_list("uid", flat=True))
    accounts = set(
        ServiceAccount.objects.filter(
            namespace__cluster=cluster, namespace__gone_at=None, gone_at=None
        ).values_list("namespace__uid", "uid")
    )
    open_grants = Grant.objects.filter(cluster=cluster, status__in=sorted(OPEN_GRANT_STATUSES))
    orphans = [
        grant
        # Few at a time: there may be tens of thousands.
        for grant in open_grants.iterator(_AT_ONCE)
        if grant.namespace_uid not in namespaces
        or (
            grant.service_account
            and (grant.namespace_uid, grant.service_account_uid) not in accounts
        )
    ]
    if not orphans:
        return 0
    for grant in orphans:
        grant.cluster = cluster
    return grants.suspend(
        grants=orphans,
        reason="The namespace or service account was deleted, or made again by somebody.",
        actor=ACTOR,
    )


def _announce(cluster: Cluster, names: set[str], priority: Priority) -> None:
    """Make slices due again that were rendered from what has changed, and those of doors."""
    known = set(cluster.slices.values_list("key", flat=True))
    present = set(_present(cluster).filter(name__in=names).values_list("name", flat=True))
    keys = {key for name in names if (key := outbox.namespace_key(name)) in known}
    keys |= slices_with_doors_of(cluster, present)
    for name in sorted(names - present):
        keys |= slices_of_namespace(cluster, name) - ({outbox.namespace_key(name)} - known)
    if keys:
        outbox.mark_dirty(
            cluster=cluster, keys=keys, priority=priority, cause="the inventory changed"
        )
