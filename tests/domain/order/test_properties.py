"""The order of writes, proven by carrying changes out write by write, with any of them failing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access
from egress.domain.order import Direction
from tests.domain.order.reach import Way
from tests.domain.order.worlds import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HOSTS,
    SIDECAR,
    SUBJECTS,
    World,
    carry_out,
    directions,
    grants,
    mesh,
    steps_between,
    stored,
)

Grants = frozenset[Access]
WORLDS = {
    "gateway": (GATEWAY, grants()),
    "ambient": (AMBIENT, grants()),
    "sidecar": (SIDECAR, grants(by_namespace=True)),
    "central": (CENTRAL, grants(everywhere=True)),
}
EVERY_WORLD = pytest.mark.parametrize(("world", "some"), WORLDS.values(), ids=WORLDS)
CHANGES = settings(max_examples=40, deadline=None)


def granted(world: World, accesses: Grants) -> set[Way]:
    """What grants say, in the words of the model."""
    is_direct = world in (SIDECAR, CENTRAL)
    found = set()
    for access in accesses:
        subject, to = access.subject, access.destination
        how = "originated" if to.tls_origination else to.protocol.value
        for name, account in SUBJECTS:
            if name == subject.namespace and subject.service_account in ("", account):
                shown = f"direct {how}" if is_direct else how
                found.add(Way(name, account, to.host, to.port, shown))
    return found


@EVERY_WORLD
def test_the_model_sees_exactly_what_was_granted(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some)
    def holds(accesses: Grants) -> None:
        state = mesh(stored(world.render(accesses)))
        assert state.users() == state.attacker() == granted(world, accesses)

    holds()


@EVERY_WORLD
def test_carried_out_whole_a_plan_reaches_what_is_wanted(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some)
    def holds(before: Grants, after: Grants) -> None:
        old, new = world.render(before), world.render(after)
        cluster = stored(old)
        for _ in carry_out(cluster, steps_between(old, new)):
            pass
        assert cluster == stored(new)
        assert steps_between(new, new) == []

    holds()


@EVERY_WORLD
def test_no_write_lets_anybody_reach_what_neither_side_grants_whatever_fails(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some, st.frozensets(st.integers(0, 30), max_size=4))
    def holds(before: Grants, after: Grants, failing: frozenset[int]) -> None:
        old, new = world.render(before), world.render(after)
        allowed = granted(world, before) | granted(world, after)
        cluster = stored(old)
        for step, now in carry_out(cluster, steps_between(old, new), failing):
            assert mesh(now).attacker() <= allowed, step

    holds()


@EVERY_WORLD
def test_no_write_cuts_what_both_sides_grant(world: World, some: st.SearchStrategy[Grants]) -> None:
    @CHANGES
    @given(some, some)
    def holds(before: Grants, after: Grants) -> None:
        old, new = world.render(before), world.render(after)
        both = granted(world, before) & granted(world, after)
        cluster = stored(old)
        for step, now in carry_out(cluster, steps_between(old, new)):
            assert both <= mesh(now).users(), step

    holds()


@EVERY_WORLD
def test_everything_that_takes_away_comes_before_anything_that_gives(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some)
    def holds(before: Grants, after: Grants) -> None:
        old, new = world.render(before), world.render(after)
        steps = steps_between(old, new)
        assert directions(steps) == sorted(directions(steps), reverse=True)
        cluster = stored(old)
        revoked = granted(world, before) - granted(world, after)
        for step, now in carry_out(cluster, steps):
            if step.direction is Direction.IN:
                assert not mesh(now).attacker() & revoked, step

    holds()


@EVERY_WORLD
def test_failing_to_give_keeps_nothing_from_being_taken_away(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some)
    def holds(before: Grants, after: Grants) -> None:
        old, new = world.render(before), world.render(after)
        steps = steps_between(old, new)
        giving = frozenset(n for n, s in enumerate(steps) if s.direction is Direction.IN)
        cluster = stored(old)
        for _ in carry_out(cluster, steps, giving):
            pass
        revoked = granted(world, before) - granted(world, after)
        assert not mesh(cluster).attacker() & revoked

    holds()


@EVERY_WORLD
def test_a_crash_is_finished_by_the_next_delivery(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some, st.integers(0, 30))
    def holds(before: Grants, after: Grants, crash: int) -> None:
        old, new = world.render(before), world.render(after)
        allowed = granted(world, before) | granted(world, after)
        cluster = stored(old)
        steps = steps_between(old, new)
        for _ in carry_out(cluster, steps[:crash]):
            pass
        for step, now in carry_out(cluster, steps_between(list(cluster.values()), new)):
            assert mesh(now).attacker() <= allowed, step
        assert cluster == stored(new)

    holds()


LOST = st.frozensets(st.integers(0, 12), max_size=4)


@EVERY_WORLD
def test_what_somebody_deleted_comes_back_and_nothing_opens_meanwhile(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some, some, LOST)
    def holds(before: Grants, after: Grants, lost: frozenset[int]) -> None:
        old, new = world.render(before), world.render(after)
        left = [obj for n, obj in enumerate(old) if n not in lost or obj["kind"] == "Sidecar"]
        wanted = granted(world, before) | granted(world, after)
        cluster = stored(left)
        allowed = wanted | mesh(cluster).attacker()
        for step, now in carry_out(cluster, steps_between(left, new)):
            reached = mesh(now).attacker()
            assert reached <= (allowed if step.direction is Direction.OUT else wanted), step
        assert cluster == stored(new)

    holds()


@EVERY_WORLD
def test_ending_everything_for_one_host_touches_no_other(
    world: World, some: st.SearchStrategy[Grants]
) -> None:
    @CHANGES
    @given(some)
    def holds(before: Grants) -> None:
        after = frozenset(access for access in before if access.destination.host != HOSTS[0])
        old, new = world.render(before), world.render(after)
        shared = {"DestinationRule", "Sidecar"}
        for step in steps_between(old, new):
            assert step.direction is Direction.OUT
            assert "a-example-com" in step.key.name or step.key.kind in shared

    holds()
