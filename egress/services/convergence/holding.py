"""What the brake holds is written down, so that an admin can see it and let exactly that go.

A held removal is told by its object's uid and by the hash of what would remain of it: what an
admin released is that change of that object, once. Anything else is held again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from egress.cluster.gateway import KubeObject
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction
from egress.models import BrakeRelease, Cluster, DeliveryStep, HeldRemoval, Slice
from egress.services.convergence import brake
from egress.services.convergence.beside import Claims
from egress.services.convergence.clock import database_now
from egress.services.convergence.live import uid_of
from egress.services.convergence.shared import is_client_rule
from egress.services.convergence.work import Work


class BrakedError(Exception):
    """Others used up the room for unexplained removals, or a release, in the meantime."""


@dataclass(frozen=True)
class Removal:
    """One object that would be removed or narrowed although nobody decided that.

    `left` is the content hash of what would remain, empty when nothing would.
    """

    key: ObjectKey
    uid: str
    left: str
    host: str

    def as_json(self) -> list[str]:
        """Return what tells this removal from any other, in a stable order."""
        key = self.key
        return [key.api_version, key.kind, key.namespace, key.name, self.uid, self.left]


def removals_of(work: Work, keys: Iterable[ObjectKey]) -> list[Removal]:
    """Return what the work would do to objects, as it is written down."""
    left = {step.key: step.obj for step in work.steps}
    return [
        Removal(key, uid_of(work.live.get(key)), _hash_of(left.get(key)), _host_of(work, key))
        for key in sorted(keys)
    ]


def unreleased(work: Work) -> tuple[frozenset[ObjectKey], dict[ObjectKey, int]]:
    """Return the objects that the brake counts, and by which release others may go.

    The second maps keys of objects to primary keys of `BrakeRelease`.
    """
    unexplained = brake.unexplained(work)
    released = covered(work.state.cluster, removals_of(work, unexplained))
    return unexplained - released.keys(), released


def covered(cluster: Cluster, removals: Iterable[Removal]) -> dict[ObjectKey, int]:
    """Return by which release each of the removals may happen now, of those that may.

    A removal was used up as soon as it was announced, unless its write is known to have failed.
    """
    wanted = {tuple(one.as_json()): one.key for one in removals}
    if not wanted:
        return {}
    found: dict[ObjectKey, int] = {}
    for release in BrakeRelease.objects.filter(cluster=cluster, until__gt=database_now()):
        told = {tuple(one) for one in release.objects_released}
        meant = {key for one, key in wanted.items() if one in told}
        found |= dict.fromkeys(meant - _used(release, meant), release.pk)
    return found


def put_brake_on(claims: Claims, work: Work) -> None:
    """Hold what nobody decided to take away, when it is too much, and write down what is held.

    What an admin released goes on. Raises ClaimLostError.
    """
    row, cluster = claims.own.row, work.state.cluster
    work.unexplained, work.released = unreleased(work)
    held: list[Removal] = []
    if work.unexplained and len(work.unexplained) > max(0, brake.room(cluster)):
        held = removals_of(work, work.unexplained)
        _hold(work, work.unexplained)
        work.unexplained = frozenset()
    # Something was held before only where the slice has a problem.
    if held or row.problem_reason:
        with transaction.atomic():
            claims.own.lock()
            note_held(row, held)


def hold_unexplained(claims: Claims, work: Work) -> None:
    """Hold what was not held before: others used up the room, or the release, meanwhile.

    Raises ClaimLostError.
    """
    keys = {*work.unexplained, *work.released}
    held = removals_of(work, keys)
    _hold(work, keys)
    work.unexplained, work.released = frozenset(), {}
    with transaction.atomic():
        claims.own.lock()
        note_held(claims.own.row, held, is_all=False)


def _hold(work: Work, keys: Collection[ObjectKey]) -> None:
    """Leave objects alone, and the ways to a gateway with the routes that lead to them."""
    problem = brake.brake_problem(work.state.cluster, len(keys))
    ways = {s.key for s in work.steps if is_client_rule(s.key) and s.direction is Direction.OUT}
    for key in {*keys, *ways}:
        work.hold(key, problem)


def use_releases(work: Work) -> None:
    """Note which releases are made use of, under the lock of the brake.

    Raises BrakedError when one of them ran out or was used meanwhile.
    """
    if not work.released:
        return
    still = covered(work.state.cluster, removals_of(work, work.released))
    if not work.released.items() <= still.items():
        raise BrakedError
    first = BrakeRelease.objects.filter(pk__in=set(work.released.values()), used_at=None)
    first.update(used_at=database_now())


def note_held(row: Slice, removals: Iterable[Removal], *, is_all: bool = True) -> None:
    """Write down what is held of a slice now, in the caller's transaction.

    Unless it `is_all`, what was written down before is still held.
    """
    wanted = {one.key: one for one in removals}
    known = {_key(held): held for held in HeldRemoval.objects.filter(slice=row)}
    gone = [held.pk for key, held in known.items() if is_all and key not in wanted]
    HeldRemoval.objects.filter(pk__in=gone).delete()
    for key, one in wanted.items():
        told = {"uid": one.uid, "left": one.left, "host": one.host}
        if key in known and all(getattr(known[key], name) == told[name] for name in told):
            continue
        HeldRemoval.objects.update_or_create(
            cluster_id=row.cluster_id,
            **_names(key),
            defaults={**told, "slice": row, "held_at": database_now()},
        )


@transaction.atomic
def note_found(
    cluster: Cluster, held: Mapping[int, Sequence[Removal]], seen: Collection[int]
) -> None:
    """Write down what a search of a cluster holds, by the primary keys of slices.

    Of the other slices that it has `seen`, nothing is held any more.
    """
    known = HeldRemoval.objects.filter(cluster=cluster)
    over = {pk for pk in known.values_list("slice_id", flat=True) if pk in seen and pk not in held}
    known.filter(slice_id__in=over).delete()
    for row in Slice.objects.filter(pk__in=list(held)):
        note_held(row, held[row.pk])


def _used(release: BrakeRelease, keys: Collection[ObjectKey]) -> set[ObjectKey]:
    """Return those of some objects for which a release was made use of."""
    if not keys:
        return set()
    nothing_done = [DeliveryStep.Result.SKIPPED, DeliveryStep.Result.FAILED]
    # By name: a release may have been used for thousands of others already.
    steps = DeliveryStep.objects.filter(release=release, name__in={key.name for key in keys})
    rows = steps.exclude(result__in=nothing_done)
    return {ObjectKey(*one) for one in rows.values_list("api_version", "kind", "namespace", "name")}


def _hash_of(obj: KubeObject | None) -> str:
    annotations = (obj or {}).get("metadata", {}).get("annotations") or {}
    return str(annotations.get(CONTENT_HASH_ANNOTATION, ""))


def _host_of(work: Work, key: ObjectKey) -> str:
    hosts = ((work.live.get(key) or {}).get("spec") or {}).get("hosts") or []
    return str(work.state.host or next(iter(hosts), ""))[:253]


def _key(held: HeldRemoval) -> ObjectKey:
    return ObjectKey(held.api_version, held.kind, held.namespace, held.name)


def _names(key: ObjectKey) -> dict[str, Any]:
    return {
        "api_version": key.api_version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
    }
