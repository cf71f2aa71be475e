"""Writes that are under way together: whatever part of them is done, nothing opens too early."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb, batches
from egress.domain.order.phases import Phase
from tests.domain.order.test_properties import EVERY_WORLD, granted
from tests.domain.order.worlds import World, carry_out, mesh, steps_between, stored

Grants = frozenset[Access]
CHANGES = settings(max_examples=40, deadline=None)


def key(name: str) -> ObjectKey:
    return ObjectKey("networking.istio.io/v1", "ServiceEntry", "shop", name)


def step(name: str, rank: int = Phase.IN_ENTRY, needs: str = "") -> Step:
    needed = frozenset({key(needs)}) if needs else frozenset()
    return Step(Verb.CREATE, key(name), Direction.IN, {}, needs=needed, rank=rank)


def cut(steps: list[Step], most: int = 16) -> list[list[int]]:
    return [list(batch) for batch in batches(steps, most)]


def in_another_order(steps: list[Step], random: Random, most: int) -> list[Step]:
    """Shuffle what may be under way together: a part of it is the beginning of some order."""
    found: list[Step] = []
    for batch in batches(steps, most):
        together = [steps[position] for position in batch]
        random.shuffle(together)
        found += together
    return found


@EVERY_WORLD
def test_nobody_reaches_what_neither_side_grants_in_any_order_of_a_batch(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some, st.randoms(use_true_random=False), st.frozensets(st.integers(0, 30)))
    def holds(before: Grants, after: Grants, random: Random, failing: frozenset[int]) -> None:
        old, new = world.render(before), world.render(after)
        allowed = granted(world, before) | granted(world, after)
        revoked = granted(world, before) - granted(world, after)
        steps = in_another_order(steps_between(old, new), random, most=16)
        for written, now in carry_out(stored(old), steps, failing):
            assert mesh(now).attacker() <= allowed, written
        for written, now in carry_out(stored(old), steps):
            if written.direction is Direction.IN:
                assert not mesh(now).attacker() & revoked, written

    holds()


@EVERY_WORLD
def test_nobody_loses_what_both_sides_grant_in_any_order_of_a_batch(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some, st.randoms(use_true_random=False))
    def holds(before: Grants, after: Grants, random: Random) -> None:
        old, new = world.render(before), world.render(after)
        both = granted(world, before) & granted(world, after)
        cluster = stored(old)
        steps = in_another_order(steps_between(old, new), random, most=16)
        for written, now in carry_out(cluster, steps):
            assert both <= mesh(now).users(), written
        assert cluster == stored(new)

    holds()


def test_steps_of_one_rank_go_together_up_to_a_bound() -> None:
    steps = [step(f"e{number}") for number in range(5)]
    assert cut(steps) == [[0, 1, 2, 3, 4]]
    assert cut(steps, most=2) == [[0, 1], [2, 3], [4]]
    assert cut(steps, most=1) == [[0], [1], [2], [3], [4]]
    assert cut([]) == []


def test_a_later_rank_waits_for_all_of_the_earlier() -> None:
    steps = [step("a", Phase.IN_POLICY), step("b", Phase.IN_DOORS), step("c", Phase.IN_DOORS)]
    assert cut(steps) == [[0], [1, 2]]


def test_a_step_does_not_go_together_with_what_it_relies_on() -> None:
    assert cut([step("a"), step("b"), step("c", needs="a"), step("d")]) == [[0, 1], [2, 3]]


def test_two_writes_of_one_object_never_go_together() -> None:
    assert cut([step("a"), step("a")]) == [[0], [1]]


@pytest.mark.parametrize("rank", [Phase.CLOSE_NAMESPACE, Phase.OPEN_NAMESPACE])
def test_decisions_on_a_namespace_are_carried_out_one_by_one(rank: Phase) -> None:
    assert cut([step("a", rank), step("b", rank)]) == [[0], [1]]
