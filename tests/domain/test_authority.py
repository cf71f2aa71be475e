"""Whose approval a request needs, and which voices count for what."""

import pytest

from egress.domain.authority import (
    Stage,
    Voice,
    approvals_in,
    filled_by,
    missing_in,
    stages_for,
)
from egress.domain.policies import Finding, Level

REVIEW = Finding("Wildcard", "Look.", Level.REVIEW)
WARN = Finding("Old", "Look.", Level.WARN)
SECURITY = Stage("security", 1, "security")


def voice(person: str, *stages: int, right: str = "") -> Voice:
    return Voice(person, right or person, frozenset(stages))


def heard(stages: list[Stage], *voices: Voice) -> list[list[str]]:
    return [[one.person for one in place] for place in filled_by(stages, voices)]


def test_one_approval_is_enough_unless_a_finding_asks_for_a_review() -> None:
    assert stages_for([WARN]) == (Stage("approval", 1),)
    assert stages_for([WARN, REVIEW]) == (Stage("approval", 2),)


def test_what_rules_demand_takes_the_place_of_the_one_approval() -> None:
    assert stages_for([WARN], (SECURITY,)) == (SECURITY,)
    both = (SECURITY, Stage("approval", 1))
    assert stages_for([], both) == both


def test_rules_never_lower_what_a_review_needs() -> None:
    assert stages_for([REVIEW], (SECURITY,)) == (SECURITY, Stage("approval", 1))
    assert stages_for([REVIEW], (Stage("approval", 1),)) == (Stage("approval", 2),)
    assert stages_for([REVIEW], (Stage("approval", 3),)) == (Stage("approval", 3),)


def test_of_two_rules_with_one_stage_the_stricter_counts() -> None:
    twice = (SECURITY, Stage("security", 2, "security"), SECURITY)
    assert stages_for([], twice) == (Stage("security", 2, "security"),)


def test_a_stage_needs_somebody() -> None:
    with pytest.raises(ValueError, match="at least one approval"):
        Stage("nobody", 0)


def test_a_person_counts_once_over_all_stages() -> None:
    stages = [SECURITY, Stage("approval", 1)]
    assert heard(stages, voice("sam", 0, 1)) == [["sam"], []]
    assert heard(stages, voice("sam", 0, 1), voice("sam", 0, 1)) == [["sam"], []]


def test_voices_move_to_where_they_are_needed() -> None:
    stages = [SECURITY, Stage("approval", 1)]
    assert heard(stages, voice("sam", 0, 1), voice("tom", 0)) == [["tom"], ["sam"]]
    assert heard(stages, voice("alice", 1), voice("sam", 0, 1)) == [["sam"], ["alice"]]


def test_a_stage_holds_no_more_than_it_needs() -> None:
    assert heard([Stage("approval", 1)], voice("alice", 0), voice("bob", 0)) == [["alice"]]


def test_a_right_that_was_lent_counts_once_with_its_owner() -> None:
    two = [Stage("approval", 2)]
    assert heard(two, voice("alice", 0), voice("bob", 0, right="alice")) == [["alice"]]
    lent = [voice("bob", 0, right="alice"), voice("carol", 0, right="alice")]
    assert heard(two, *lent) == [["bob"]]


def test_what_is_missing_is_told_by_stage() -> None:
    stages = [SECURITY, Stage("approval", 2)]
    filled = filled_by(stages, [voice("alice", 1)])
    assert missing_in(stages, filled) == (SECURITY, Stage("approval", 1))
    assert approvals_in(missing_in(stages, filled)) == 2
    everybody = [voice("alice", 1), voice("bob", 1), voice("sam", 0)]
    assert missing_in(stages, filled_by(stages, everybody)) == ()


def test_a_voice_without_a_stage_fills_nothing() -> None:
    assert heard([Stage("approval", 1)], voice("eve")) == [[]]
