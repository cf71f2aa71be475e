"""Who could reach a host, and when? For programs that prove it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from egress.api.views import history
from egress.domain.lifecycle import GrantStatus
from egress.models import Grant, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def grant(shop: Namespace, owner: Person) -> Grant:
    """A grant that was open for ten days of March 2026."""
    return make.grant(
        shop,
        owner,
        status=GrantStatus.EXPIRED,
        created_at=NOON,
        active_at=NOON,
        ended_at=NOON + timedelta(days=10),
        confirmed_at=NOON + timedelta(days=11),
    )


def ask(who: Person, **asked: str | int) -> Any:
    return Caller(who).get("/access-history/", {"host": "api.example.com", **asked})


def test_the_answer_names_the_grant_its_periods_and_what_is_not_known(
    owner: Person, grant: Grant
) -> None:
    told = ask(owner, at="2026-03-05T00:00:00Z").json()
    (result,) = told["results"]
    assert (result["grant"], result["requester"]) == (grant.pk, "owner")
    assert result["periods"] == [
        {"reach": "open", "since": "2026-03-01T12:00:00Z", "until": "2026-03-11T12:00:00Z"}
    ]
    assert result["not_in_the_trail"] == ["created", "activated", "expired", "confirmed"]
    assert "The portal serves cluster" in told["not_known"][0]
    assert ask(owner, at="2026-03-12T13:00:00+01:00").json()["results"] == []


def test_a_stranger_is_told_of_nobody_and_of_no_cluster(
    stranger: Person, payments: Namespace, grant: Grant
) -> None:
    make.cluster("second")
    told = ask(stranger, at="2026-03-05T00:00:00Z", cluster="main", namespace="shop").json()
    assert told["results"] == []
    assert "You know of no namespace" in told["not_known"][-1]
    problem(ask(stranger, cluster="second"), 404)


def test_a_long_answer_comes_in_pages(
    owner: Person, shop: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    made = [make.grant(shop, owner, port=port).pk for port in (1, 2, 3)]
    first = ask(owner).json()
    rest = ask(owner, after=first["next"]).json()
    assert [row["grant"] for row in first["results"] + rest["results"]] == made[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"host": "not a host"}, "host"),
        ({"host": ""}, "host"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({"at": "2026-03-05T00:00:00Z", "until": "2026-03-04T00:00:00Z"}, "until"),
        ({"port": "https"}, "port"),
        ({"after": "0"}, "after"),
        ({"when": "now"}, "when"),
    ],
)
def test_what_is_not_understood_is_named(
    owner: Person, shop: Namespace, changes: dict[str, str], field: str
) -> None:
    assert [*problem(ask(owner, **changes), 422)["errors"]] == [field]
