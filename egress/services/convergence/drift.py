"""The search for drift: everything of ours in a cluster against everything granted there."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from egress.cluster.gateway import ClusterGateway
from egress.domain.slices import SliceKey, SliceKind
from egress.models import Cluster, Grant, Priority, Slice
from egress.selectors.slices import in_slice
from egress.services import audit, outbox
from egress.services.audit import Entry, Tag
from egress.services.convergence import brake
from egress.services.convergence.decisions import note_decisions_seen
from egress.services.convergence.examining import Drift, Examiner
from egress.services.convergence.expected import expected_of
from egress.services.convergence.holding import note_found
from egress.services.convergence.places import Labels, kinds_to_read, make_slices, recorded
from egress.services.convergence.record import ACTOR
from egress.services.convergence.scanning import Register, scan
from egress.services.convergence.upgrading import note_agreed

logger = structlog.get_logger(__name__)

_MESSAGE_CHARACTERS = 1000
_OBJECTS_TOLD = 50


class Settled(NamedTuple):
    """A slice that nobody works on and that is not due, as far as a search compares it."""

    key: str
    wanted: int
    fence: int
    problem_reason: str


def search(cluster: Cluster, gateway: ClusterGateway) -> int:
    """Compare a whole cluster with the database; heal or flag what differs. Return how many.

    Slices that are due, or that change while we look, are left to their delivery. Raises
    ClusterError when the cluster cannot be read.
    """
    before = _settled(cluster)
    keys = list(cluster.slices.values_list("key", flat=True))
    records = recorded(cluster)
    register = Register.of(expected_of(cluster, keys), records, Labels(cluster))
    suspicion = scan(gateway, kinds_to_read(cluster, records), register)
    if strays := suspicion.beside.keys() - set(keys):
        make_slices(cluster, strays)
        made = _settled(cluster)
        before |= {pk: row for pk, row in made.items() if row.key in strays}
    examiner = Examiner(cluster, gateway, register, suspicion)
    suspects = [pk for pk, row in before.items() if row.key in suspicion.slices]
    drifts = list(examiner.examine(suspects)) if suspects else []
    after = _settled(cluster)
    seen = {pk: row for pk, row in before.items() if _is_same(row, after.get(pk))}
    drifts = [drift for drift in drifts if drift.slice in seen]
    _note_decisions(cluster, seen, examiner)
    drifted = {drift.slice for drift in drifts}
    note_agreed(cluster, seen, drifted)
    _clear_flags(cluster, drifted, seen)
    drifts = _under_the_brake(cluster, drifts, seen)
    for drift in drifts:
        heals = drift.is_anew or cluster.drift_policy == Cluster.DriftPolicy.HEAL
        if heals and drift.can_heal:
            _heal(cluster, drift)
        else:
            _flag(cluster, drift)
    return len(drifts)


def _settled(cluster: Cluster) -> dict[int, Settled]:
    rows = Slice.objects.filter(cluster=cluster, lease_until=None, wanted=F("done"))
    return {pk: Settled(*facts) for pk, *facts in rows.values_list("pk", *Settled._fields)}


def _is_same(before: Settled, after: Settled | None) -> bool:
    return after is not None and (before.wanted, before.fence) == (after.wanted, after.fence)


def _note_decisions(cluster: Cluster, seen: Mapping[int, Settled], examiner: Examiner) -> None:
    keys = [SliceKey.parse(row.key) for row in seen.values()]
    names = [key.name for key in keys if key.kind is SliceKind.NAMESPACE]
    note_decisions_seen(cluster, names, examiner.suspicion.decisions | examiner.decisions)


def _under_the_brake(cluster: Cluster, drifts: list[Drift], seen: Collection[int]) -> list[Drift]:
    """Leave alone what would remove too much at once, all of it, and say so once."""
    held = {drift.slice: drift.removals for drift in drifts if drift.removals}
    count = sum(map(len, held.values()))
    is_too_much = count > max(0, brake.room(cluster))
    note_found(cluster, held if is_too_much else {}, seen)
    if not is_too_much:
        return drifts
    problem = brake.brake_problem(cluster, count)
    with transaction.atomic():
        braked = Slice.objects.filter(pk__in=held).exclude(problem_reason=problem.reason)
        if braked.update(problem_reason=problem.reason, problem=problem.message):
            audit.record(
                tag=Tag.SWEEP_BRAKED,
                actor=ACTOR,
                target="cluster",
                target_id=str(cluster.pk),
                cluster=cluster.name,
                message=problem.message,
            )
    logger.error("sweep_braked", cluster=cluster.name, removals=count)
    return [drift for drift in drifts if drift.slice not in held]


@transaction.atomic
def _heal(cluster: Cluster, drift: Drift) -> None:
    _mark_grants(drift)
    outbox.mark_dirty(
        cluster=cluster, keys=[drift.key], priority=Priority.DRIFT, cause=drift.sentence
    )
    audit.record_all([_found(cluster, drift)])


@transaction.atomic
def _flag(cluster: Cluster, drift: Drift) -> None:
    """Show drift, once for each way in which the slice differs."""
    _mark_grants(drift)
    problem = drift.sentence[:_MESSAGE_CHARACTERS]
    row = Slice.objects.filter(pk=drift.slice, fence=drift.fence)
    row = row.exclude(problem_reason="Drifted", problem=problem)
    if not row.update(problem_reason="Drifted", problem=problem):
        return
    audit.record_all([_found(cluster, drift)])


def _mark_grants(drift: Drift) -> None:
    if drift.is_anew:
        return
    Grant.objects.filter(pk__in=drift.grants, drifted_at=None).update(drifted_at=Now())


def _clear_flags(cluster: Cluster, drifted: set[int], seen: Mapping[int, Settled]) -> None:
    """Take back flags of slices that are as granted again without a delivery."""
    for pk, row in seen.items():
        if row.problem_reason not in ("Drifted", "Brake") or pk in drifted:
            continue
        with transaction.atomic():
            # Grants before their slice, as everywhere: see `closing`.
            grants = Grant.objects.filter(in_slice(SliceKey.parse(row.key)), cluster=cluster)
            grants.exclude(drifted_at=None).update(drifted_at=None)
            Slice.objects.filter(pk=pk, fence=row.fence).update(problem_reason="", problem="")


def _found(cluster: Cluster, drift: Drift) -> Entry:
    return Entry(
        tag=Tag.SLICE_RENDERED_ANEW if drift.is_anew else Tag.DRIFT_FOUND,
        actor=ACTOR,
        target="slice",
        target_id=str(drift.slice),
        cluster=cluster.name,
        namespace=drift.namespace,
        host=drift.host,
        message=drift.sentence[:_MESSAGE_CHARACTERS],
        data={
            "objects": [one["object"] for one in drift.changes],
            "changes": list(drift.changes[:_OBJECTS_TOLD]),
        },
    )
