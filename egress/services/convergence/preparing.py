"""Before the first write: what the cluster carries, what is to change, and what must wait."""

from dataclasses import dataclass, field

from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.manifests.check import check_object
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb, held_back, write_steps
from egress.domain.plan import Action, Plan, plan
from egress.models import Slice
from egress.services.convergence import brake, stopping
from egress.services.convergence.collisions import find_collisions
from egress.services.convergence.live import read_namespace, read_namespace_uid
from egress.services.convergence.state import Problem, SliceState, load


@dataclass
class Work:
    """A plan that may be carried out. `held` says which objects are not written, and why."""

    state: SliceState
    live: dict[ObjectKey, KubeObject]
    plan: Plan
    steps: list[Step]
    held: dict[ObjectKey, Problem] = field(default_factory=dict)
    unexplained: frozenset[ObjectKey] = frozenset()
    trouble: ClusterError | None = None

    def hold(self, key: ObjectKey, problem: Problem) -> None:
        """Leave an object alone, and all that is to be written to it."""
        self.held.setdefault(key, problem)
        self.steps = [step for step in self.steps if step.key != key]

    def hold_in(self, key: ObjectKey, problem: Problem) -> None:
        """Give nothing through an object; what takes away goes on."""
        self.held.setdefault(key, problem)
        self.steps = [step for step in self.steps if step.key != key or _only_takes_away(step)]


def prepare(row: Slice, gateway: ClusterGateway) -> Work:
    """Read, render and plan a slice, and hold back what is not safe to write.

    Writes nothing. Raises ClusterError when the cluster cannot be read, and StoppedError when
    the process ends.
    """
    name = row.key.partition(":")[2]
    state = load(row, live_namespace_uid=read_namespace_uid(gateway, name))
    live = read_namespace(gateway, name)
    work = plan_work(state, live)
    _hold_collisions(work, gateway)
    work.unexplained = brake.unexplained(state, work.steps, live)
    if len(work.unexplained) > max(0, brake.room(state.cluster)):
        hold_unexplained(work)
    _try_out(work, gateway)
    return work


def hold_unexplained(work: Work) -> None:
    """Put the brake on: nothing is taken away that nobody decided to take away."""
    for key in work.unexplained:
        work.hold(key, brake.brake_problem(work.state.cluster, len(work.unexplained)))
    work.unexplained = frozenset()


def plan_work(state: SliceState, live: dict[ObjectKey, KubeObject]) -> Work:
    """Return the plan for a slice, without what a foreign object stands in the way of."""
    made = plan(state.objects, live.values(), state.owned, installation=state.profile.installation)
    work = Work(state, live, made, write_steps(made))
    for item in made.of(Action.FOREIGN):
        if item.desired is not None:
            work.held[item.key] = Problem("ForeignObject", f"{item.key} is in the way: {item.note}")
    for block in held_back(made):
        work.held[block.key] = Problem("ForeignObject", block.message)
    if state.default_deny_problem:
        for step in [s for s in work.steps if s.key.kind == "Sidecar"]:
            work.hold(step.key, state.default_deny_problem)
    for step in list(work.steps):
        if step.obj is not None and (faults := check_object(step.obj)):
            message = f"{step.key} breaks a rule and is not written: {faults[0]}"
            work.hold_in(step.key, Problem("UnsafeObject", message, lasting=True))
    return work


def _hold_collisions(work: Work, gateway: ClusterGateway) -> None:
    state = work.state
    opened = {
        str(step.obj["spec"]["hosts"][0]): step.key
        for step in work.steps
        if step.obj and step.key.kind == "ServiceEntry" and step.direction is Direction.IN
    }
    ours = {row.uid for row in state.records.values() if row.uid}
    ours |= {item.uid for item in work.plan.items if item.uid and item.action is not Action.FOREIGN}
    collisions = find_collisions(
        gateway,
        namespace=state.namespace,
        hosts=opened.keys(),
        ours=ours,
        mesh=state.cluster.mesh,
    )
    for host, problem in collisions.items():
        work.hold_in(opened[host], problem)


def _try_out(work: Work, gateway: ClusterGateway) -> None:
    """Let the server judge everything that will be written, without writing it."""
    live_uids = {item.key: item.uid for item in work.plan.items}
    for step in list(work.steps):
        if step.obj is None or _only_takes_away(step):
            continue
        stopping.check()
        try:
            uid = step.uid or live_uids.get(step.key, "")
            if uid:
                gateway.update(step.obj, uid=uid, dry_run=True)
            else:
                gateway.create(step.obj, dry_run=True)
        except ClusterError as error:
            if error.retryable:
                work.trouble = error
                return
            work.hold_in(step.key, Problem(error.fault, error.message))


def _only_takes_away(step: Step) -> bool:
    return step.verb is not Verb.CREATE and step.direction is Direction.OUT
