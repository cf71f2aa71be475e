"""What may become visible to clients yet: namespace by namespace, and once it has an address.

A route or an entry of a host is opened only to namespaces that are led to the gateway already
(istio.md 3.8, steps 5 and 6). One that is not ready is left out of the object, so that it delays
nobody else; one that sees the object already is never cut off.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from egress.cluster.gateway import KubeObject
from egress.domain.difference import differs
from egress.domain.objects import ObjectKey
from egress.domain.order import Step, opened_to, without_namespaces
from egress.services.convergence.live import has_address
from egress.services.convergence.state import Problem
from egress.services.convergence.work import Work

AWAITS_ADDRESS = Problem(
    "AwaitsAddress",
    "The mesh has not given the host an address of its own yet. It is opened as soon as it has.",
    quiet=True,
)
"""Without an address the port would be taken over for all hosts (istio.md R-A8)."""


def not_ready(
    step: Step, undone: Collection[ObjectKey], left_out: Collection[str], now: KubeObject | None
) -> frozenset[str]:
    """Return the namespaces that a write would open to before they are ready.

    `undone` are the keys of writes that were not done, `now` is the live object.
    """
    if not step.narrowable or step.obj is None:
        return frozenset()
    named = opened_to(step.obj) - opened_to(now)
    waiting = {name for name, keys in step.per_namespace.items() if keys & set(undone)}
    return frozenset(named & (waiting | set(left_out)))


def narrowed(step: Step, absent: Collection[str], now: KubeObject | None) -> Step | None:
    """Return the write without some namespaces, None when nothing is left of it to do."""
    if not absent or step.obj is None:
        return step
    obj = without_namespaces(step.obj, absent)
    if obj is None or (now is not None and not differs(obj, now)):
        return None
    return replace(step, obj=obj)


def leave_out_who_is_not_ready(work: Work) -> None:
    """Take namespaces out of the plan that are known not to be ready before it begins."""
    steps = []
    for step in work.steps:
        now = work.live.get(step.key)
        absent = not_ready(step, work.held.keys(), work.left_out, now)
        for name in absent:
            work.leave_out(name, _why(step.per_namespace.get(name, frozenset()), work.held, name))
        if kept := narrowed(step, absent, now):
            steps.append(kept)
    work.steps = steps


def put_off_what_awaits_an_address(work: Work) -> None:
    """Take out what would open a port of an entry that is there but has no address yet."""
    for step in work.steps:
        entry = work.live.get(step.key)
        if step.awaits_address and entry is not None and not has_address(entry):
            work.waits.append(AWAITS_ADDRESS)
            work.held.setdefault(step.key, AWAITS_ADDRESS)
    if work.waits:
        work.steps = [
            step
            for step in work.steps
            if not (step.awaits_address and work.held.get(step.key) is AWAITS_ADDRESS)
        ]


def _why(
    needed: frozenset[ObjectKey], held: Mapping[ObjectKey, Problem], namespace: str
) -> Problem:
    known = [held[key] for key in sorted(needed) if key in held]
    return known[0] if known else waits_for_namespace(namespace)


def waits_for_namespace(name: str) -> Problem:
    """Return why nothing is opened to a namespace in this delivery."""
    message = f'It waits for namespace "{name}", which another delivery is working on.'
    return Problem("AwaitsNamespace", message, quiet=True)
