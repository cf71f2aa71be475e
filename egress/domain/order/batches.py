"""Which writes may be under way together."""

from collections.abc import Iterator, Sequence

from egress.domain.objects import ObjectKey
from egress.domain.order.phases import Phase
from egress.domain.order.step import Step

_ONE_BY_ONE = frozenset({Phase.CLOSE_NAMESPACE, Phase.OPEN_NAMESPACE})
"""Decisions on a whole namespace: few, and each changes what all others in it may reach."""


def batches(steps: Sequence[Step], most: int) -> Iterator[range]:
    """Return the positions of steps that may be under way together, in their order.

    A batch holds at most `most` steps of one rank (istio.md 3.8), each about another object, none
    of which depends on another. Whatever part of a batch is done, in whatever order, the cluster
    is never more open than granted. Steps of one rank that take away are about different objects
    of the same kind and make less of each, so any of them alone makes less of the whole. Steps
    of one rank that give are sent only when all that has to stand before them does (`needs`), and
    none of them is what another stands on: between two ranks, not within one, lies every "first
    this, then that" of the order. So each is safe whatever became of the others, and any part of
    the batch is what the steps one by one could have left behind, in another order of hosts.
    """
    start = 0
    while start < len(steps):
        end = start + 1
        keys = {steps[start].key}
        while (
            end < len(steps)
            and end - start < most
            and steps[end].rank == steps[start].rank
            and steps[end].rank not in _ONE_BY_ONE
            and not _relied_on(steps[end]) & keys
        ):
            keys.add(steps[end].key)
            end += 1
        yield range(start, end)
        start = end


def _relied_on(step: Step) -> frozenset[ObjectKey]:
    """Return the keys whose earlier steps decide about this one, its own included."""
    return frozenset({step.key}).union(step.needs, step.waits_for, *step.per_namespace.values())
