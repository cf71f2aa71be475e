"""One write with its place in the order, before it is known what is held back."""

from dataclasses import dataclass, replace
from typing import Any

from egress.domain.objects import KubeObject, ObjectKey
from egress.domain.order.ground import Ground
from egress.domain.order.phases import Phase
from egress.domain.order.step import Direction, Step, Verb
from egress.domain.plan import PlanItem

Keys = frozenset[ObjectKey]
NONE: Keys = frozenset()


@dataclass(frozen=True, eq=False)
class Draft:
    """A step and when it is done. Two drafts are never the same."""

    phase: Phase
    step: Step


def taking(ground: Ground, item: PlanItem, phase: Phase, needs: Keys = NONE) -> Draft:
    """Return the write that leaves of an object what stays."""
    kept = ground.of(item.key)
    verb = Verb.UPDATE if kept else Verb.DELETE
    return Draft(phase, Step(verb, item.key, Direction.OUT, kept, item.uid, needs))


def giving(
    ground: Ground,
    item: PlanItem,
    phase: Phase,
    *,
    needs: Keys = NONE,
    waits_for: Keys = NONE,
    obj: KubeObject | None = None,
    **more: Any,
) -> Draft:
    """Return the write that makes of an object what is wanted, or `obj` on the way there.

    It is left out when taking away from the same object failed: it would do both at once.
    """
    kept = ground.of(item.key)
    own = frozenset({item.key}) if ground.closes(item.key) else NONE
    step = Step(
        Verb.UPDATE if kept else Verb.CREATE,
        item.key,
        Direction.IN,
        obj or item.desired,
        item.uid if kept else "",
        needs | own,
        waits_for,
        **more,
    )
    return Draft(phase, step)


def going_on(draft: Draft, phase: Phase, **changes: Any) -> Draft:
    """Return a further write of an object that `draft` creates."""
    step = draft.step
    needs = step.needs | changes.pop("needs", NONE) | {step.key}
    return Draft(phase, replace(step, verb=Verb.UPDATE, uid="", needs=needs, **changes))
