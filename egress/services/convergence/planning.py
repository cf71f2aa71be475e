"""From what a slice should be and what is there to the writes that may be done."""

from collections.abc import Iterable, Mapping

from egress.cluster.gateway import KubeObject
from egress.domain.manifests.check import check_object
from egress.domain.naming import NETWORK_POLICY_NAME
from egress.domain.objects import ObjectKey
from egress.domain.order import held_back, write_steps
from egress.domain.plan import Action, plan
from egress.models import OwnedObject
from egress.services.convergence.state import Problem, SliceState, owned_of
from egress.services.convergence.work import Work


def plan_work(
    state: SliceState,
    live: dict[ObjectKey, KubeObject],
    *,
    objects: Iterable[KubeObject] | None = None,
    beside: Mapping[ObjectKey, OwnedObject] | None = None,
) -> Work:
    """Return the plan for a slice, without what a foreign object stands in the way of.

    `objects` are written instead of the slice's own, with `beside` as further records: for the
    part of other slices that goes with it.
    """
    desired = state.objects if objects is None else list(objects)
    records = state.records | dict(beside or {})
    made = plan(desired, live.values(), owned_of(records), installation=state.profile.installation)
    work = Work(state, live, made, write_steps(made), records=records)
    for item in made.of(Action.FOREIGN):
        if item.desired is not None:
            work.held[item.key] = Problem("ForeignObject", f"{item.key} is in the way: {item.note}")
    for block in held_back(made):
        work.held[block.key] = Problem("ForeignObject", block.message)
    if state.decision_problem:
        for step in [s for s in work.steps if is_decision(s.key)]:
            work.hold(step.key, state.decision_problem)
    _hold_the_unsafe(work)
    return work


def is_decision(key: ObjectKey) -> bool:
    """Tell whether an object carries out a decision on its namespace, not a grant."""
    is_policy = key.kind == "NetworkPolicy" and key.name == NETWORK_POLICY_NAME
    return key.kind == "Sidecar" or is_policy


def _hold_the_unsafe(work: Work) -> None:
    profile = work.state.profile
    domains = (profile.trust_domain, *profile.trust_domain_aliases)
    for step in list(work.steps):
        if step.obj is not None and (faults := check_object(step.obj, domains)):
            message = f"{step.key} breaks a rule and is not written: {faults[0]}"
            work.hold_in(step.key, Problem("UnsafeObject", message, lasting=True))
