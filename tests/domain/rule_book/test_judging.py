"""What holds for every rule book: denials win, requirements add up, approvals come last."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.domain.authority import Stage, stages_for
from egress.domain.policies import Level
from egress.domain.rule_book import Book, Facts, Outcome, Requirement, Rule, When, judge
from egress.domain.rule_book.judging import of_policies
from tests.domain.rule_book.wishes import (
    BOOKS,
    ENTRY,
    FACTS,
    FINDINGS,
    REQUIREMENTS,
    STAGES,
    WHENS,
    facts,
    finding,
)

ANYWHERE = When(destinations=("*",))
APPROVES = Rule("approves", ANYWHERE, approves=True)
DENIES = Rule("denies", ANYWHERE, denies="Use the mirror.")


def blocked(outcome: Outcome) -> int:
    return sum(one.level is Level.BLOCK for one in outcome.findings)


def people(outcome: Outcome, known: Facts) -> int:
    return sum(stage.approvals for stage in stages_for(known.findings, outcome.stages))


@given(BOOKS, FACTS, st.integers(0, 5))
def test_a_denial_wins_wherever_it_stands(book: Book, known: Facts, at: int) -> None:
    rules = (*book.rules[:at], DENIES, *book.rules[at:])
    outcome = judge(Book(rules), known, 3)
    assert outcome.automatic == "deny"
    assert blocked(outcome) > 0


@given(BOOKS, FACTS, WHENS, REQUIREMENTS, st.integers(0, 5))
def test_another_requirement_makes_nothing_looser(
    book: Book, known: Facts, when: When, wanted: Requirement, at: int
) -> None:
    added = Rule("added", when, requires=wanted)
    before = judge(book, known)
    after = judge(Book((*book.rules[:at], added, *book.rules[at:])), known)
    if after.automatic == "approve":
        assert before.automatic == "approve"
    assert blocked(after) >= blocked(before)
    assert people(after, known) >= people(before, known)
    assert (before.automatic == "deny") == (after.automatic == "deny")


@given(BOOKS, FACTS)
def test_nothing_is_approved_that_people_have_to_look_at(book: Book, known: Facts) -> None:
    outcome = judge(Book((*book.rules, APPROVES)), known)
    levels = {one.level for one in (*known.findings, *outcome.findings)}
    if levels & {Level.REVIEW, Level.BLOCK}:
        assert outcome.automatic != "approve"
    if outcome.automatic == "approve":
        assert outcome.stages == ()


@given(BOOKS, FACTS)
def test_only_a_rule_that_approves_approves(book: Book, known: Facts) -> None:
    silent = Book(tuple(rule for rule in book.rules if not rule.approves))
    assert judge(silent, known).automatic != "approve"


@given(FACTS)
def test_no_rules_say_nothing(known: Facts) -> None:
    assert judge(Book(), known) == Outcome()


@given(FINDINGS, st.lists(STAGES, max_size=3).map(tuple))
def test_demanded_stages_never_ask_for_fewer_people(
    findings: tuple, demanded: tuple[Stage, ...]
) -> None:
    asked = stages_for(findings, demanded)
    least = sum(stage.approvals for stage in stages_for(findings))
    assert sum(stage.approvals for stage in asked) >= least
    for stage in demanded:
        assert any(
            (one.name, one.team) == (stage.name, stage.team) and one.approvals >= stage.approvals
            for one in asked
        )


@pytest.mark.parametrize(
    ("pattern", "host", "covered", "touched"),
    [
        ("*", "anything.example", True, True),
        ("*.example.com", "api.example.com", True, True),
        ("*.example.com", "a.b.example.com", True, True),
        ("*.example.com", "example.com", False, False),
        ("*.example.com", "badexample.com", False, False),
        ("*.example.com", "*.example.com", True, True),
        ("*.example.com", "*.a.example.com", True, True),
        ("*.a.example.com", "*.example.com", False, True),
        ("a.example.com", "*.example.com", False, True),
        ("203.0.113.0/24", "203.0.113.0/28", True, True),
        ("203.0.113.0/28", "203.0.113.0/24", False, True),
        ("203.0.113.0/24", "2001:db8::/64", False, False),
        ("203.0.113.0/24", "api.example.com", False, False),
    ],
)
def test_an_approval_covers_all_and_a_denial_is_touched_by_a_part(
    pattern: str, host: str, covered: bool, touched: bool
) -> None:
    when = When(destinations=(pattern,))
    approving = judge(Book((Rule("rule", when, approves=True),)), facts(host))
    denying = judge(Book((Rule("rule", when, denies="No."),)), facts(host))
    assert (approving.automatic == "approve", denying.automatic == "deny") == (covered, touched)


def test_a_range_is_touched_by_the_fixed_addresses_of_a_host() -> None:
    known = facts("api.example.com")
    asked = replace(known.wish.destinations[0], addresses=("203.0.113.9",))
    known = replace(known, wish=replace(known.wish, destinations=(asked,)))
    rule = Rule("rule", When(destinations=("203.0.113.0/24",)), denies="No.")
    assert judge(Book((rule,)), known).automatic == "deny"


def test_one_destination_outside_keeps_the_whole_wish_for_people() -> None:
    rule = Rule("rule", When(destinations=("*.example.com",)), approves=True)
    inside = judge(Book((rule,)), facts("a.example.com", "b.example.com"))
    outside = judge(Book((rule,)), facts("a.example.com", "b.example.net"))
    assert (inside.automatic, outside.automatic) == ("approve", "")


def test_a_catalogue_entry_covers_exactly_its_destinations() -> None:
    rule = Rule("rule", When(catalogue=("registry",)), approves=True)
    exact = judge(Book((rule,)), facts("api.example.com", catalogue=ENTRY))
    other = judge(Book((rule,)), facts("db.example.com", catalogue=ENTRY))
    gone = judge(Book((rule,)), facts("api.example.com"))
    assert (exact.automatic, other.automatic, gone.automatic) == ("approve", "", "")


def test_no_end_date_is_longer_than_any_duration() -> None:
    limit = Rule("limit", requires=Requirement(maximum_duration=30))
    assert blocked(judge(Book((limit,)), facts(days=30))) == 0
    assert blocked(judge(Book((limit,)), facts(days=None))) == 1


def test_what_is_not_asked_for_yet_is_not_missing() -> None:
    wanted = Rule("w", requires=Requirement(reason_pattern="CHG-*", ticket_pattern="https://*"))
    assert blocked(judge(Book((wanted,)), facts())) == 2
    assert blocked(judge(Book((wanted,)), facts(reason=None, ticket=None))) == 0


def test_findings_say_which_rule_of_which_version_they_come_from() -> None:
    outcome = judge(Book((DENIES,)), facts(), 3)
    assert outcome.findings[0].message == (
        'Rule "denies" of rule book v3 denies this: Use the mirror.'
    )
    assert outcome.decider == "rule book v3: denies"
    kept = finding(Level.INFO)
    assert of_policies((kept, *outcome.findings)) == (kept,)


@given(FINDINGS)
def test_a_review_needs_two_people_without_any_rule(findings: tuple) -> None:
    reviewed = any(one.level is Level.REVIEW for one in findings)
    assert stages_for(findings) == (Stage("approval", 2 if reviewed else 1),)
