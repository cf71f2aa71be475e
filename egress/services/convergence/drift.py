"""The search for drift: everything of ours in a cluster against everything granted there."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models.functions import Now

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import ObjectKey
from egress.domain.plan import Action
from egress.domain.slices import SliceKey
from egress.models import Cluster, Grant, Priority, Slice
from egress.selectors.slices import in_slice
from egress.services import audit, outbox
from egress.services.audit import Entry, Tag
from egress.services.convergence import brake
from egress.services.convergence.authors import last_author
from egress.services.convergence.decisions import note_decisions_seen
from egress.services.convergence.loading import load_all
from egress.services.convergence.names import keys_of
from egress.services.convergence.places import Places, read_all, settled_slices
from egress.services.convergence.planning import plan_work
from egress.services.convergence.preparing import with_ways_kept
from egress.services.convergence.record import ACTOR
from egress.services.convergence.state import SliceState
from egress.services.convergence.work import Work

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Drift:
    """A slice whose live objects differ from what is granted. `sentence` says how and by whom."""

    row: Slice
    work: Work
    keys: frozenset[ObjectKey]
    sentence: str

    @property
    def can_heal(self) -> bool:
        """Whether a delivery would do or say something: nobody may remove what is foreign."""
        return bool(self.work.steps or self.work.held)


def search(cluster: Cluster, gateway: ClusterGateway) -> int:
    """Compare a whole cluster with the database; heal or flag what differs. Return how many.

    Slices that are due, or that change while we look, are left to their delivery. Raises
    ClusterError when the cluster cannot be read.
    """
    before = {row.pk: row for row in settled_slices(cluster)}
    live = read_all(cluster, gateway)
    places = Places(cluster, live)
    before |= places.slices_of_strays()
    states = load_all(cluster, before.values())
    drifts = [
        drift
        for row, state in zip(before.values(), states, strict=True)
        if (drift := _compare(row, state, places))
    ]
    after = {row.pk: row for row in settled_slices(cluster)}
    seen = {pk: row for pk, row in before.items() if _is_same(row, after.get(pk))}
    drifts = [drift for drift in drifts if drift.row.pk in seen]
    note_decisions_seen(cluster, seen.values(), live)
    _clear_flags(cluster, {drift.row.pk for drift in drifts}, seen)
    drifts = _under_the_brake(cluster, drifts)
    for drift in drifts:
        if cluster.drift_policy == Cluster.DriftPolicy.HEAL and drift.can_heal:
            _heal(cluster, drift)
        else:
            _flag(cluster, drift)
    return len(drifts)


def _is_same(before: Slice, after: Slice | None) -> bool:
    return after is not None and (before.wanted, before.fence) == (after.wanted, after.fence)


def _compare(row: Slice, state: SliceState, places: Places) -> Drift | None:
    if state.refused:
        return None
    there = places.of(row)
    objects, _ = (
        (state.objects, False)
        if state.is_host
        else with_ways_kept(state, there, lambda _: places.routes())
    )
    work = plan_work(state, there, objects=objects)
    keys = {step.key for step in work.steps}
    keys |= {
        item.key
        for item in work.plan.of(Action.FOREIGN)
        if item.desired is None or (item.key in state.records and state.records[item.key].uid)
    }
    if not keys:
        return None
    told = [_sentence(work, key, there.get(key)) for key in sorted(keys)]
    more = f" And {len(told) - 5} more." if len(told) > 5 else ""
    return Drift(row, work, frozenset(keys), " ".join(told[:5]) + more)


def _sentence(work: Work, key: ObjectKey, live: KubeObject | None) -> str:
    if live is None:
        return f"{key} was deleted."
    item = next(item for item in work.plan.items if item.key == key)
    by = f" by {author}" if (author := last_author(live)) else ""
    if item.action is Action.FOREIGN and key not in work.state.records:
        return f"{key} carries the portal's labels: {item.note}"
    if item.action is Action.FOREIGN:
        return f"{key} was replaced{by}."
    if item.action is Action.DELETE:
        return f"{key} is there, but nothing grants it."
    return f"{key} was changed{by}."


def _under_the_brake(cluster: Cluster, drifts: list[Drift]) -> list[Drift]:
    """Leave alone what would remove too much at once, all of it, and say so once."""
    held = {drift.row.pk: keys for drift in drifts if (keys := brake.unexplained(drift.work))}
    count = sum(len(keys) for keys in held.values())
    if count <= max(0, brake.room(cluster)):
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
    return [drift for drift in drifts if drift.row.pk not in held]


@transaction.atomic
def _heal(cluster: Cluster, drift: Drift) -> None:
    _drifted_grants(drift).update(drifted_at=Now())
    outbox.mark_dirty(
        cluster=cluster, keys=[drift.row.key], priority=Priority.DRIFT, cause=drift.sentence
    )
    audit.record_all([_found(cluster, drift)])


@transaction.atomic
def _flag(cluster: Cluster, drift: Drift) -> None:
    """Show drift, once for each way in which the slice differs."""
    _drifted_grants(drift).update(drifted_at=Now())
    row = Slice.objects.filter(pk=drift.row.pk, fence=drift.row.fence)
    row = row.exclude(problem_reason="Drifted", problem=drift.sentence[:1000])
    if not row.update(problem_reason="Drifted", problem=drift.sentence[:1000]):
        return
    audit.record_all([_found(cluster, drift)])


def _drifted_grants(drift: Drift):  # type: ignore[no-untyped-def]
    state = drift.work.state
    touched = [
        grant.pk
        for grant in (*state.grants, *state.guests)
        if drift.keys & keys_of(grant, state.profile, state.inventory)
    ]
    return Grant.objects.filter(pk__in=touched, drifted_at=None)


def _clear_flags(cluster: Cluster, drifted: set[int], seen: Mapping[int, Slice]) -> None:
    """Take back flags of slices that are as granted again without a delivery."""
    over = [
        row
        for row in seen.values()
        if row.problem_reason in ("Drifted", "Brake") and row.pk not in drifted
    ]
    for row in over:
        with transaction.atomic():
            # Grants before their slice, as everywhere: see `closing`.
            grants = Grant.objects.filter(in_slice(SliceKey.parse(row.key)), cluster=cluster)
            grants.exclude(drifted_at=None).update(drifted_at=None)
            Slice.objects.filter(pk=row.pk, fence=row.fence).update(problem_reason="", problem="")


def _found(cluster: Cluster, drift: Drift) -> Entry:
    return Entry(
        tag=Tag.DRIFT_FOUND,
        actor=ACTOR,
        target="slice",
        target_id=str(drift.row.pk),
        cluster=cluster.name,
        namespace=drift.work.state.namespace,
        host=drift.work.state.host,
        message=drift.sentence,
        data={"objects": [str(key) for key in sorted(drift.keys)]},
    )
