"""One write of a delivery, and what it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from egress.domain.objects import KubeObject, ObjectKey


class Verb(StrEnum):
    """What is sent to the cluster."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Direction(StrEnum):
    """Whether a write takes access away (`out`) or gives it (`in`). Nothing holds back `out`."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class Step:
    """One write.

    `obj` is what to send, None for a delete. `uid` names the live object an update or delete
    means; an update without one means the object that an earlier step of the delivery created.
    `resource_version`: delete that version of the object only, empty for any.

    `needs`: skip this step when an earlier step for one of these keys did not succeed.
    `waits_for`: put it off while an earlier step for one of these keys failed in a way that is
    worth another try; a lasting failure does not hold it back.

    `awaits_address`: the write lets clients see a port that is told apart by its address alone.
    It may only be done when the live object carries an address for its host in
    `status.addresses`, read right before; until then it is put off (istio.md R-A8).

    `rank`: its place in the order (istio.md 3.8). Steps of one rank may be under way together as
    far as `batches` allows; those of a higher rank come after.

    `narrowable`: the write may be done without single namespaces, see `without_namespaces`.
    `per_namespace` gives, for each namespace that it opens to, the keys that were to be written
    for that namespace before: when one of them was not, the namespace is left out.
    """

    verb: Verb
    key: ObjectKey
    direction: Direction
    obj: KubeObject | None = None
    uid: str = ""
    needs: frozenset[ObjectKey] = frozenset()
    waits_for: frozenset[ObjectKey] = frozenset()
    awaits_address: bool = False
    narrowable: bool = False
    per_namespace: Mapping[str, frozenset[ObjectKey]] = field(default_factory=dict, hash=False)
    rank: int = field(default=0, compare=False)
    resource_version: str = ""


@dataclass(frozen=True)
class HeldBack:
    """A write that must not happen because a foreign object stands in its way."""

    key: ObjectKey
    blocked_by: ObjectKey
    message: str
