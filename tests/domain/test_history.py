"""When a grant let its subject through."""

from datetime import UTC, datetime, timedelta

import pytest

from egress.domain.history import Mark, Period, Reach, periods

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def told(*marks: Mark) -> list[tuple[Reach, int, int | None]]:
    """Return the periods of marks that happened an hour apart, in hours."""
    found = periods((mark, at(hour)) for hour, mark in enumerate(marks))
    return [(p.reach, _hour(p.since), p.until and _hour(p.until)) for p in found]


def _hour(moment: datetime) -> int:
    return int((moment - START) / timedelta(hours=1))


def test_a_grant_is_decided_then_open_then_closing_until_it_is_seen_gone() -> None:
    assert told(Mark.CREATED, Mark.ACTIVATED, Mark.EXPIRED, Mark.CONFIRMED) == [
        (Reach.GRANTED, 0, 1),
        (Reach.OPEN, 1, 2),
        (Reach.CLOSING, 2, 3),
    ]


def test_a_grant_in_force_goes_on() -> None:
    assert told(Mark.CREATED, Mark.ACTIVATED)[-1] == (Reach.OPEN, 1, None)


def test_an_end_that_nobody_confirmed_goes_on_being_a_doubt() -> None:
    assert told(Mark.CREATED, Mark.ACTIVATED, Mark.REVOKED)[-1] == (Reach.CLOSING, 2, None)


def test_a_suspended_grant_opens_again_when_it_is_resumed() -> None:
    assert told(Mark.CREATED, Mark.ACTIVATED, Mark.SUSPENDED, Mark.RESUMED, Mark.REVOKED)[1:] == [
        (Reach.OPEN, 1, 2),
        (Reach.SUSPENDED, 2, 3),
        (Reach.OPEN, 3, 4),
        (Reach.CLOSING, 4, None),
    ]


def test_a_grant_that_lapsed_unapplied_leaves_nothing_behind() -> None:
    assert told(Mark.CREATED, Mark.LAPSED) == [(Reach.GRANTED, 0, 1)]
    assert told(Mark.CREATED, Mark.ACTIVATED, Mark.SUSPENDED, Mark.LAPSED)[-1][0] is Reach.CLOSING


def test_a_grant_revoked_before_it_was_applied_may_have_been_written() -> None:
    assert told(Mark.CREATED, Mark.REVOKED)[-1] == (Reach.CLOSING, 1, None)


def test_the_same_said_twice_is_one_period() -> None:
    assert told(Mark.CREATED, Mark.ACTIVATED, Mark.ACTIVATED, Mark.CONFIRMED)[1:] == [
        (Reach.OPEN, 1, 3)
    ]


def test_a_decision_told_late_closes_nothing() -> None:
    assert told(Mark.ACTIVATED, Mark.CREATED) == [(Reach.OPEN, 0, None)]


@pytest.mark.parametrize(
    ("since", "until", "met"),
    [(0, 1, False), (0, 2, True), (2, 2, True), (3, 9, True), (4, 9, False), (4, 4, False)],
)
def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(
    since: int, until: int, met: bool
) -> None:
    assert Period(Reach.OPEN, at(2), at(4)).meets(at(since), at(until)) is met
