"""The search for drift: everything of ours in a cluster against everything granted there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.manifests import NETWORKING_V1
from egress.domain.manifests.sidecar import denies
from egress.domain.naming import SIDECAR_NAME
from egress.domain.objects import ObjectKey, key_of
from egress.domain.plan import Action
from egress.models import Cluster, Grant, Namespace, Priority, Slice
from egress.services import audit, outbox
from egress.services.audit import Entry, Tag
from egress.services.convergence import brake
from egress.services.convergence.authors import last_author
from egress.services.convergence.live import WRITTEN_KINDS, read_keys, uid_of
from egress.services.convergence.preparing import Work, plan_work
from egress.services.convergence.record import ACTOR
from egress.services.convergence.state import keys_of, load

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
    before = {row.pk: row for row in _settled_slices(cluster)}
    live = _read_all(cluster, gateway)
    before |= _slices_of_strays(cluster, live)
    drifts = [drift for row in before.values() if (drift := _compare(row, live))]
    after = {row.pk: row for row in _settled_slices(cluster)}
    seen = {pk: row for pk, row in before.items() if _is_same(row, after.get(pk))}
    drifts = [drift for drift in drifts if drift.row.pk in seen]
    _note_default_deny(cluster, seen.values(), live)
    _clear_flags(cluster, {drift.row.pk for drift in drifts}, seen)
    drifts = _under_the_brake(cluster, drifts, live)
    for drift in drifts:
        if cluster.drift_policy == Cluster.DriftPolicy.HEAL and drift.can_heal:
            _heal(cluster, drift)
        else:
            _flag(cluster, drift)
    return len(drifts)


def _is_same(before: Slice, after: Slice | None) -> bool:
    return after is not None and (before.wanted, before.fence) == (after.wanted, after.fence)


def _slices_of_strays(cluster: Cluster, live: Mapping[ObjectKey, KubeObject]) -> dict[int, Slice]:
    """Make slices for namespaces with objects that carry our labels where nothing was granted."""
    known = set(cluster.slices.values_list("key", flat=True))
    keys = {outbox.namespace_key(key.namespace) for key in live} - known
    made = [
        Slice.objects.get_or_create(cluster=cluster, key=key, defaults={"due_at": Now()})[0].pk
        for key in sorted(keys)
    ]
    rows = [row for row in _settled_slices(cluster) if row.pk in made]
    return {row.pk: row for row in rows}


def _note_default_deny(
    cluster: Cluster, seen: Iterable[Slice], live: Mapping[ObjectKey, KubeObject]
) -> None:
    """Store where default deny is in force: a Sidecar changed by hand may not be, until healed."""
    names = [outbox.namespace_of(row.key) for row in seen]
    ours = set(cluster.owned_objects.filter(kind="Sidecar").values_list("uid", flat=True))
    decided = Q(default_deny=True) | Q(default_deny_enforced=True)
    for row in Namespace.objects.filter(decided, cluster=cluster, gone_at=None, name__in=names):
        sidecar = live.get(ObjectKey(NETWORKING_V1, "Sidecar", row.name, SIDECAR_NAME))
        enforced = denies(sidecar) and uid_of(sidecar) in ours
        if row.default_deny_enforced != enforced:
            Namespace.objects.filter(pk=row.pk).update(default_deny_enforced=enforced)


def _settled_slices(cluster: Cluster) -> list[Slice]:
    rows = Slice.objects.filter(cluster=cluster, lease_until=None).select_related("cluster")
    return [row for row in rows if row.wanted == row.done]


def _read_all(cluster: Cluster, gateway: ClusterGateway) -> dict[ObjectKey, KubeObject]:
    labels = owner_labels(settings.INSTALLATION)
    live = {
        key_of(obj): obj for kind in WRITTEN_KINDS for obj in gateway.list(kind, "", labels).items
    }
    # Whoever strips the labels hides an object from the list, but not from its name.
    known = {
        ObjectKey(*names)
        for names in cluster.owned_objects.values_list("api_version", "kind", "namespace", "name")
    }
    return live | read_keys(gateway, known - live.keys())


def _compare(row: Slice, live: Mapping[ObjectKey, KubeObject]) -> Drift | None:
    state = load(row)
    if state.refused:
        return None
    there = {key: obj for key, obj in live.items() if key.namespace == state.namespace}
    work = plan_work(state, there)
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


def _under_the_brake(
    cluster: Cluster, drifts: list[Drift], live: Mapping[ObjectKey, KubeObject]
) -> list[Drift]:
    """Leave alone what would remove too much at once, all of it, and say so once."""
    held = {
        drift.row.pk: keys
        for drift in drifts
        if (keys := brake.unexplained(drift.work.state, drift.work.steps, live))
    }
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
    touched = [g.pk for g in drift.work.state.grants if drift.keys & set(keys_of(g))]
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
            namespace = outbox.namespace_of(row.key)
            grants = Grant.objects.filter(cluster=cluster, namespace=namespace)
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
        message=drift.sentence,
        data={"objects": [str(key) for key in sorted(drift.keys)]},
    )
