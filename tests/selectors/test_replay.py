"""A replay looks at as much as it was told, and no further."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.domain.rule_book import Book, parse_rule_book
from egress.models import Approval, Namespace, Person, Request
from egress.selectors import replay as module
from egress.selectors.replay import replay
from tests import factories as make
from tests.services.rules import rule

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def decided(shop: Namespace, owner: Person) -> list[Request]:
    """Five approved requests, the last one of them made long ago."""
    rows = [
        make.request(shop, owner, f"h{number}.example.com", status=RequestStatus.APPROVED)
        for number in range(5)
    ]
    Request.objects.filter(pk=rows[0].pk).update(created_at=NOW - timedelta(days=91))
    return rows


def test_pending_and_old_requests_are_left_out(
    decided: list[Request], shop: Namespace, owner: Person
) -> None:
    make.request(shop, owner)
    assert replay(Book(), now=NOW).looked_at == 4


def test_it_goes_on_page_by_page_up_to_its_number(
    decided: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    assert replay(Book(), now=NOW).looked_at == 4
    assert replay(Book(), now=NOW, most=3).looked_at == 3


def test_it_stops_in_time_and_says_so(decided: list[Request]) -> None:
    found = replay(Book(), now=NOW, seconds=0)
    assert (found.looked_at, found.stopped) == (1, True)


def test_rows_are_bounded_and_counts_are_not(
    decided: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 1)
    found = replay(parse_rule_book(rule(then="deny: No.")), now=NOW)
    assert (len(found.rows), found.counts, found.differences) == (1, {"deny": 4}, 4)


def said_yes(request: Request, who: Person, stage: str = "approval", **fields: Any) -> None:
    Approval.objects.create(
        request=request, approver=who, revision=1, verdicts={}, stage=stage, given_at=NOW, **fields
    )


def test_it_says_that_it_stopped_only_when_more_was_left(decided: list[Request]) -> None:
    assert not replay(Book(), now=NOW, most=1, seconds=0).stopped


def by_a_rule(shop: Namespace, owner: Person, status: RequestStatus) -> Request:
    return make.request(
        shop, owner, "a.example.com", status=status, decided_by="rule book v1: only"
    )


@pytest.mark.parametrize("status", [RequestStatus.APPROVED, RequestStatus.DENIED])
def test_what_a_rule_decided_and_people_would_is_a_difference(
    shop: Namespace, owner: Person, status: RequestStatus
) -> None:
    by_a_rule(shop, owner, status)
    found = replay(Book(), now=NOW)
    assert (found.differences, found.rows[0].would) == (1, "people would decide")


def test_what_a_rule_decides_like_then_is_no_difference(shop: Namespace, owner: Person) -> None:
    by_a_rule(shop, owner, RequestStatus.APPROVED)
    assert replay(parse_rule_book(rule()), now=NOW).differences == 0


def test_what_a_rule_approved_was_approved_by_nobody(shop: Namespace, owner: Person) -> None:
    by_a_rule(shop, owner, RequestStatus.APPROVED)
    one = parse_rule_book(rule(then="require: {approvals: 1}"))
    assert replay(one, now=NOW).differences == 1


def test_the_word_of_the_team_that_is_demanded_counts_and_no_other(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    sam, ada = make.person("sam", teams=["security"]), make.person("ada")
    rows = [make.request(shop, owner, status=RequestStatus.APPROVED) for _ in range(4)]
    said_yes(rows[0], alice)
    said_yes(rows[1], sam)
    rows[2].stages.create(position=0, name="checked", approvals=1, team="security")
    said_yes(rows[2], ada, "checked")
    said_yes(rows[3], sam, cleared_at=NOW)
    stage = "require: {stages: [{name: safety, team: security, approvals: 1}]}"
    found = replay(parse_rule_book(rule("clusters: [main]", stage)), now=NOW)
    assert found.differences == 2
    assert {row.request for row in found.rows if row.differs} == {rows[0].pk, rows[3].pk}


def test_a_right_that_was_lent_counts_once(
    decided: list[Request], alice: Person, mate: Person
) -> None:
    said_yes(decided[1], alice)
    said_yes(decided[1], mate, lender=alice)
    two = parse_rule_book(rule(then="require: {approvals: 2}"))
    assert replay(two, now=NOW).differences == 4


def test_more_people_than_had_agreed_is_a_difference(decided: list[Request], alice: Person) -> None:
    for request in decided:
        said_yes(request, alice)
    two = parse_rule_book(rule(then="require: {approvals: 2}"))
    one = parse_rule_book(rule(then="require: {approvals: 1}"))
    assert replay(two, now=NOW).rows[0].would == "needs 2"
    assert replay(two, now=NOW).differences == 4
    assert replay(one, now=NOW).differences == 0


def test_teams_of_today_are_looked_at(decided: list[Request]) -> None:
    when = "teams: [team-shop], requester teams: [team-shop]"
    assert replay(parse_rule_book(rule(when, "deny: No.")), now=NOW).differences == 4
    other = "teams: [team-other]"
    assert replay(parse_rule_book(rule(other, "deny: No.")), now=NOW).differences == 0
