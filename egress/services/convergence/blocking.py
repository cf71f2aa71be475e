"""What the posture of a cluster holds back, as last seen (istio.md 3.10).

The checks whose objects are read right before each write anyway are left to `collisions`: there
the cluster's word of now counts.
"""

from collections.abc import Iterable, Sequence

from egress.domain.access import Enforcement
from egress.domain.manifests.service_entry import needs_address
from egress.domain.order import Direction, Step, opened_to
from egress.domain.posture import Row, blocks
from egress.domain.posture.rows import NEEDS_DNS_CHECK
from egress.models import Grant
from egress.selectors.posture import rows_of
from egress.services.convergence.planning import is_decision
from egress.services.convergence.state import Problem, SliceState
from egress.services.convergence.work import Work

_COUNTED = frozenset({"PF1", NEEDS_DNS_CHECK, "PF10"})


def hold_what_posture_blocks(work: Work) -> None:
    """Give nothing where a check blocks; what takes access away goes on.

    DNS capture matters for TCP by name alone, and only to the namespace that lacks it. A host
    that such a namespace sees already stays as it is for it.
    """
    state = work.state
    opening = [step for step in work.steps if step.direction is Direction.IN and step.obj]
    rows = [row for row in rows_of(state.cluster) if row.id in _COUNTED] if opening else []
    if not rows:
        return
    for name in sorted({grant.namespace for grant in (*state.grants, *state.guests)}):
        found = _blocking(rows, state, name)
        for row in found:
            if row.id != NEEDS_DNS_CHECK:
                _hold(work, opening, _problem(row))
            elif not state.is_host:
                _hold(work, [step for step in opening if step.awaits_address], _problem(row))
            elif any(name in opened_to(s.obj) - opened_to(work.live.get(s.key)) for s in opening):
                work.leave_out(name, _problem(row))


def _problem(row: Row) -> Problem:
    return Problem("PostureBlocks", f"{row.id}: {row.sentence} {row.fix}")


def _blocking(rows: Iterable[Row], state: SliceState, namespace: str) -> list[Row]:
    enforcement = state.inventory.enforcement_of(namespace, state.profile)
    grants = [grant for grant in (*state.grants, *state.guests) if grant.namespace == namespace]
    return blocks(
        rows,
        host=state.host,
        namespace=namespace,
        needs_dns=_needs_dns(grants, enforcement),
        enforcement=enforcement,
    )


def _needs_dns(grants: Iterable[Grant], enforcement: Enforcement) -> bool:
    is_by_sidecar = enforcement is not Enforcement.AMBIENT
    return is_by_sidecar and any(needs_address(grant.destination) for grant in grants)


def _hold(work: Work, opening: Sequence[Step], problem: Problem) -> None:
    for step in opening:
        if not is_decision(step.key):
            work.hold_in(step.key, problem)
