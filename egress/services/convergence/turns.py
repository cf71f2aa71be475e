"""Whose turn it is: for whom something is due, found without looking at all that is due.

Ten thousand slices may be due for one team. What is asked for is only which groups of (cluster,
tenant, priority) have any, so the index on just that is walked from group to group: the cost
follows the number of tenants, not of slices.

Of what is equally urgent, the cluster that was served longest ago comes first, and in it the
tenant that was: ten thousand slices of one team delay the one of another by a single delivery.
Each process remembers its own turns. That is fair between processes, too: each gives every
waiting tenant the same share of its deliveries, so all of them together do.
"""

import threading
from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Now

from egress.models import Slice

_QUERY = """
WITH RECURSIVE heads(id) AS (
    SELECT (
        SELECT id FROM {table} WHERE wanted > done ORDER BY cluster_id, tenant, priority LIMIT 1
    )
    UNION ALL
    SELECT COALESCE(
        (
            SELECT id FROM {table} WHERE wanted > done AND cluster_id = here.cluster_id
            AND tenant = here.tenant AND priority > here.priority
            ORDER BY priority LIMIT 1
        ),
        (
            SELECT id FROM {table} WHERE wanted > done AND cluster_id = here.cluster_id
            AND tenant > here.tenant
            ORDER BY tenant, priority LIMIT 1
        ),
        (
            SELECT id FROM {table} WHERE wanted > done AND cluster_id > here.cluster_id
            ORDER BY cluster_id, tenant, priority LIMIT 1
        )
    )
    FROM heads JOIN {table} here ON here.id = heads.id
)
SELECT here.cluster_id, here.tenant, here.priority
FROM heads JOIN {table} here ON here.id = heads.id
WHERE EXISTS (
    SELECT 1 FROM {table} due
    WHERE due.wanted > due.done
    AND due.cluster_id = here.cluster_id
    AND due.tenant = here.tenant
    AND due.priority = here.priority
    AND due.due_at <= {now}
    AND (due.lease_until IS NULL OR due.lease_until < {now})
)
"""

_turn = 0
_last_turns: dict[int | tuple[int, str], int] = {}
_lock = threading.Lock()


class Group(NamedTuple):
    """Slices of one tenant in one cluster that are equally urgent."""

    cluster: int
    tenant: str
    priority: int


def waiting_groups() -> list[Group]:
    """Return the groups in which something is due that nobody holds."""
    with connection.cursor() as cursor:
        cursor.execute(_query())
        return [Group(*row) for row in cursor.fetchall()]


def next_turn(groups: Iterable[Group], without: Collection[int] = ()) -> Group | None:
    """Return the group to serve now, None when none is left. `without` leaves clusters out."""
    with _lock:
        return min(
            (group for group in groups if group.cluster not in without), key=_order, default=None
        )


def take_turn(group: Group) -> None:
    """Note that a group was served."""
    global _turn
    with _lock:
        _turn += 1
        _last_turns[group.cluster] = _last_turns[group.cluster, group.tenant] = _turn


def _order(group: Group) -> tuple[int, int, int]:
    last_of_tenant = _last_turns.get((group.cluster, group.tenant), 0)
    return group.priority, _last_turns.get(group.cluster, 0), last_of_tenant


def _query() -> str:
    compiler = Slice.objects.all().query.get_compiler(connection=connection)
    now, _ = compiler.compile(Now())
    table = connection.ops.quote_name(Slice._meta.db_table)
    return _QUERY.format(table=table, now=now.replace("%%", "%"))
