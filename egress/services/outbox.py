"""The outbox: rows that say which slices are due, written with the change that made them so.

Each row also names the team whose change made it due, its tenant: the queue serves tenants in
turn. The slice of a namespace belongs to the namespace's owner, that of a host to the owner of
the namespace that the change was about.
"""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Least, Now
from django.db.transaction import TransactionManagementError

from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.slices import SliceKey, SliceKind, host_slice, namespace_slice
from egress.models import Cluster, Grant, Namespace, Priority, Slice
from egress.selectors.slices import slices_touched_by
from egress.services import bell

_CAUSE_CHARACTERS = 300
_AT_ONCE = 500
_COUNTED = 1000
"""How far the due slices of a tenant are counted: beyond that many it has more than anybody."""


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
    touching = list(grants)
    namespaces = {
        str(host_slice(name)): grant.namespace
        for grant in touching
        for name in (grant.host, *wildcards_above(grant.host))
    }
    keys = slices_touched_by(cluster, touching)
    mark_dirty(
        cluster=cluster, keys=keys, priority=priority, cause=cause, namespaces_of_hosts=namespaces
    )


def mark_dirty(
    *,
    cluster: Cluster,
    keys: Iterable[str],
    priority: Priority,
    cause: str,
    namespaces_of_hosts: Mapping[str, str] | None = None,
) -> None:
    """Make slices due in the caller's transaction, and ring the bell once it is committed.

    `cause` is a short sentence for people: it becomes the cause of the delivery. A slice that
    is due already keeps the more urgent priority. `namespaces_of_hosts` maps keys of hosts to the
    namespaces that the change is about; a host's slice that it does not name stays with the team
    it had. Raises TransactionManagementError outside a transaction: a mark that is not part of
    the change it announces could be lost.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("Slices are marked in the transaction that changes them.")
    # Sorted, so that two transactions that mark the same slices cannot wait for each other.
    wanted = sorted(set(keys))
    tenants = _tenants(cluster, wanted, namespaces_of_hosts or {})
    turns = _Turns(cluster)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = {row.key: row for row in Slice.objects.filter(cluster=cluster, key__in=some)}
        for key in some:
            row = rows.get(key) or _added(cluster, key, priority)
            tenant = turns.tenant_of(row, tenants.get(key))
            _mark(row, priority, cause[:_CAUSE_CHARACTERS], tenant)
    cluster_id = cluster.pk
    transaction.on_commit(lambda: bell.ring(cluster_id), robust=True)


def _added(cluster: Cluster, key: str, priority: Priority) -> Slice:
    row, _ = Slice.objects.get_or_create(
        cluster=cluster, key=key, defaults={"priority": priority, "due_at": Now()}
    )
    return row


def _mark(row: Slice, priority: Priority, cause: str, tenant: str) -> None:
    is_due = {"wanted__gt": F("done")}
    waits = Q(**is_due, lease_until=None, due_at__lt=Now())
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
        tenant=tenant,
        # What it is rendered from is new: it may succeed now, and waits like for the first time.
        attempts=0,
        # What waits in the queue keeps its place there, unless it has become more urgent.
        due_at=Case(When(waits, priority__lte=priority, then=F("due_at")), default=Now()),
    )


def _tenants(
    cluster: Cluster, keys: Iterable[str], namespaces_of_hosts: Mapping[str, str]
) -> dict[str, str]:
    """Return the teams by the keys of slices, as far as they are known."""
    names = {}
    for key in keys:
        parsed = SliceKey.parse(key)
        is_namespace = parsed.kind is SliceKind.NAMESPACE
        if name := parsed.name if is_namespace else namespaces_of_hosts.get(key, ""):
            names[key] = name
    owners = {}
    present = Namespace.objects.filter(cluster=cluster, gone_at=None).select_related("owner")
    wanted = sorted(set(names.values()))
    for start in range(0, len(wanted), _AT_ONCE):
        for row in present.filter(name__in=wanted[start : start + _AT_ONCE]):
            owners[row.name] = row.owner_name
    return {key: owners.get(name, "") for key, name in names.items()}


class _Turns:
    """Decides in whose turn a slice is served that several tenants wait for.

    That of the tenant with less to do: neither may a busy tenant take a slice along to the end
    of its long queue, nor can one leave it there for somebody who waits for nothing else.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._counts: dict[str, int] = {}

    def tenant_of(self, row: Slice, marker: str | None) -> str:
        if marker is None or marker == row.tenant or row.wanted <= row.done:
            return row.tenant if marker is None else marker
        # Its own slice does not count for the one who has it.
        return marker if self._due_of(marker) <= self._due_of(row.tenant) - 1 else row.tenant

    def _due_of(self, tenant: str) -> int:
        if tenant not in self._counts:
            due = Slice.objects.filter(cluster=self._cluster, tenant=tenant, wanted__gt=F("done"))
            self._counts[tenant] = due[:_COUNTED].count()
        return self._counts[tenant]
