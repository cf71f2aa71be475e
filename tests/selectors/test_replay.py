"""A replay looks at as much as it was told, and no further."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.domain.rule_book import Book, parse_rule_book
from egress.models import Namespace, Person, Request
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


def test_it_stops_in_time_and_says_so(
    decided: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    found = replay(Book(), now=NOW, seconds=0)
    assert (found.looked_at, found.stopped) == (2, True)


def test_rows_are_bounded_and_counts_are_not(
    decided: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 1)
    found = replay(parse_rule_book(rule(then="deny: No.")), now=NOW)
    assert (len(found.rows), found.counts, found.differences) == (1, {"deny": 4}, 4)


def test_more_people_than_had_agreed_is_a_difference(decided: list[Request]) -> None:
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
