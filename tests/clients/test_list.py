"""Lists at the command line: what they hold, how far they go, and which of them a status is of."""

import pytest

from egress.models import Grant, Namespace, Person, Request
from kubectl_egress import words
from tests import factories as make
from tests.clients.hands import Hands, InProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A request of the owner that waits for a decision."""
    return make.request(shop, owner, "api.example.com", "cdn.example.org")


def test_lists_have_the_same_columns_every_time(
    shop: Namespace, owner: Person, pending: Request, at_owner: Hands
) -> None:
    grant = make.grant(shop, owner, "pay.example.org")
    lines = at_owner("list").out.splitlines()
    heads = [line.split() for line in lines if line.startswith("NAME")]
    assert heads == [
        ["NAME", "STATUS", "SUBJECT", "DESTINATIONS", "REQUESTER", "ASKED"],
        ["NAME", "STATUS", "SUBJECT", "DESTINATION", "APPLIED", "EXPIRES"],
    ]
    assert any(line.startswith(f"request/{pending.pk} ") for line in lines)
    assert at_owner("list", "grants", "-o", "name").out == f"grant/{grant.pk}\n"
    assert list(at_owner("list", "-o", "json").json) == ["requests", "grants"]
    assert at_owner("list", "--host", "nothing.example.org", "-o", "json").json == {"grants": []}


def test_the_statuses_are_those_of_the_portal() -> None:
    known = {kind: [(one, one) for one in statuses] for kind, statuses in words.STATUSES.items()}
    assert known == {"request": Request.STATUSES, "grant": Grant.STATUSES}


@pytest.mark.parametrize(
    ("status", "lists"),
    [
        ("active", ["grants"]),
        ("approved", ["requests"]),
        ("pending", ["requests", "grants"]),
        ("lapsed", ["requests", "grants"]),
    ],
)
def test_a_status_is_asked_of_the_lists_that_know_it(
    shop: Namespace, owner: Person, pending: Request, at_owner: Hands, status: str, lists: list[str]
) -> None:
    make.grant(shop, owner, "pay.example.org")
    told = at_owner("list", "--status", status, "-o", "json").json
    assert list(told) == lists
    assert {row["status"] for rows in told.values() for row in rows} <= {status}


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        (
            ["--status", "actve"],
            "requests are pending, approved, denied, withdrawn, lapsed; grants",
        ),
        (["grants", "--status", "approved"], "grants are pending, active, expiring, suspended"),
        (["--host", "pay.example.org", "--status", "denied"], "here: grants are pending"),
    ],
)
def test_a_status_that_no_list_knows_is_answered_with_those_there_are(
    wire: InProcess, at_owner: Hands, typed: list[str], known: str
) -> None:
    assert known in at_owner("list", *typed, code=2).err
    assert wire.sent == []


def test_a_list_goes_on_over_pages_up_to_its_limit(
    shop: Namespace, owner: Person, at_owner: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubectl_egress.portal.MAX_PAGE", 2)
    numbers = [make.grant(shop, owner, f"a{n}.example.com").pk for n in range(5)]
    assert len(at_owner("list", "grants", "-o", "json").json["grants"]) == 5
    few = at_owner("list", "grants", "--limit", "3", "-o", "name")
    assert few.out.split() == [f"grant/{number}" for number in numbers[:1:-1]]
    assert "There are more grants than 3" in few.err


def test_an_empty_list_of_an_unknown_cluster_is_no_empty_list(
    shop: Namespace, at_owner: Hands, home: object
) -> None:
    assert at_owner("list").code == 0
    shop.cluster.name = "renamed"
    shop.cluster.save()
    told = at_owner("list", code=7)
    assert 'the context "main"' in told.err
