"""The brake: what nobody decided is taken away in small amounts only (architecture.md).

A table that lost its rows, or an old backup, looks just like a thousand revokes. What an ended
or suspended grant, or a decision on default deny, explains is never counted.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import Q

from egress.domain.objects import KubeObject, ObjectKey
from egress.domain.order import Direction, Step, Verb
from egress.models import Cluster, DeliveryStep, Grant, OwnedObject
from egress.services.convergence.clock import database_now
from egress.services.convergence.live import ports_of
from egress.services.convergence.state import Problem, SliceState, keys_of

LEAST = 10
SHARE = 0.05
WINDOW = timedelta(days=1)
"""How long past unexplained removals count: a held cluster must not empty drop by drop."""


def unexplained(
    state: SliceState, steps: Sequence[Step], live: Mapping[ObjectKey, KubeObject]
) -> frozenset[ObjectKey]:
    """Return the objects that `steps` delete or narrow although no decision says so."""
    # What counts is what remains after all steps: some objects are deleted and made again.
    left = {step.key: step.obj for step in steps}
    touched = {step.key for step in steps if _takes_away(step)}
    if not touched:
        return frozenset()
    closed = _closed_grants(state)
    return frozenset(
        key for key in touched if not _is_explained(state, key, live.get(key), left[key], closed)
    )


def room(cluster: Cluster) -> int:
    """Return how many unexplained removals the cluster may still see now."""
    known = OwnedObject.objects.filter(cluster=cluster).exclude(uid="").count()
    done = DeliveryStep.objects.filter(
        delivery__cluster=cluster,
        delivery__started_at__gte=database_now() - WINDOW,
        explained=False,
    ).exclude(result__in=[DeliveryStep.Result.SKIPPED, DeliveryStep.Result.FAILED])
    return max(LEAST, int(SHARE * known)) - done.count()


def brake_problem(cluster: Cluster, count: int) -> Problem:
    """Return what people are told when `count` removals are held."""
    return Problem(
        "Brake",
        f'{count} objects in cluster "{cluster.name}" would be removed although no grant of '
        "theirs was ended. They were left alone. Restore the missing grants from a backup, or "
        "remove the objects by hand.",
    )


def _takes_away(step: Step) -> bool:
    if step.verb is Verb.DELETE:
        return True
    return step.verb is Verb.UPDATE and step.direction is Direction.OUT


def _closed_grants(state: SliceState) -> list[Grant]:
    is_closed = Q(ended_at__isnull=False) | Q(status="suspended")
    grants = Grant.objects.filter(is_closed, cluster=state.cluster, namespace=state.namespace)
    return list(grants)


def _is_explained(
    state: SliceState,
    key: ObjectKey,
    live: KubeObject | None,
    left: KubeObject | None,
    closed: list[Grant],
) -> bool:
    record = state.records.get(key)
    if key.kind == "Sidecar":
        return left is not None or _is_decided(state, record)
    if record and _restores(left, record):
        return True
    ours = [g for g in closed if key in keys_of(g) and _is_newer(g, record)]
    if key.kind != "ServiceEntry":
        return left is not None or bool(ours)
    return ports_of(live) - ports_of(left) <= {grant.port for grant in ours}


def _restores(left: KubeObject | None, record: OwnedObject) -> bool:
    """Tell whether the steps only put back what we wrote last: others had changed it."""
    annotations = (left or {}).get("metadata", {}).get("annotations", {})
    return bool(record.content_hash) and record.content_hash in annotations.values()


def _is_newer(grant: Grant, record: OwnedObject | None) -> bool:
    """Tell whether a grant was closed after its object was last written, or is not confirmed."""
    if grant.ended_at is None or grant.confirmed_at is None:
        return True
    return record is None or record.written_at is None or grant.ended_at >= record.written_at


def _is_decided(state: SliceState, record: OwnedObject | None) -> bool:
    row = state.row
    if row is None or row.default_deny or row.default_deny_at is None:
        return False
    written_at = record.written_at if record else None
    return written_at is None or row.default_deny_at >= written_at
