"""What one delivery is about to do, and what it leaves alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from egress.cluster.errors import ClusterError
from egress.cluster.gateway import KubeObject
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb
from egress.domain.plan import Plan
from egress.models import OwnedObject
from egress.services.convergence.state import Problem, SliceState


@dataclass
class Work:
    """A plan that may be carried out.

    `held` says which objects are not written, and why, `left_out` which namespaces a host is not
    opened to. `records` are those of all objects of the plan. `waits` are reasons to look at the
    slice again although nothing failed. `unexplained` is taken away although nobody decided that,
    `released` because an admin said so, by primary keys of `BrakeRelease`. `sighted` are live
    objects that the plan is not about, such as what an earlier delivery wrote. `tried` is when
    (of `steady()`) a dry run found that an object can be created under its name. `excused` are the
    uids of foreign objects that stand in nobody's way, because the decided plan deletes them.
    """

    state: SliceState
    live: dict[ObjectKey, KubeObject]
    plan: Plan
    steps: list[Step]
    held: dict[ObjectKey, Problem] = field(default_factory=dict)
    left_out: dict[str, Problem] = field(default_factory=dict)
    waits: list[Problem] = field(default_factory=list)
    unexplained: frozenset[ObjectKey] = frozenset()
    released: dict[ObjectKey, int] = field(default_factory=dict)
    trouble: ClusterError | None = None
    records: Mapping[ObjectKey, OwnedObject] = field(default_factory=dict)
    sighted: Mapping[ObjectKey, KubeObject] = field(default_factory=dict)
    tried: dict[ObjectKey, float] = field(default_factory=dict)
    excused: frozenset[str] = frozenset()

    def hold(self, key: ObjectKey, problem: Problem) -> None:
        """Leave an object alone, and all that is to be written to it."""
        self.held.setdefault(key, problem)
        self.steps = [step for step in self.steps if step.key != key]

    def hold_in(self, key: ObjectKey, problem: Problem) -> None:
        """Give nothing through an object; what takes away goes on."""
        self.held.setdefault(key, problem)
        self.steps = [step for step in self.steps if step.key != key or only_takes_away(step)]

    def leave_out(self, namespace: str, problem: Problem) -> None:
        """Open nothing more to a namespace; what it has stays."""
        self.left_out.setdefault(namespace, problem)


def only_takes_away(step: Step) -> bool:
    """Tell whether a write gives nothing to anybody."""
    return step.verb is not Verb.CREATE and step.direction is Direction.OUT
