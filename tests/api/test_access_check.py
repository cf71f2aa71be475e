"""Can this subject reach that destination?"""

from typing import Any

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.models import Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db
ASKED: dict[str, str | int] = {
    "cluster": "main",
    "namespace": "shop",
    "host": "api.example.com",
    "port": 443,
}


def ask(who: Person, **changes: str | int) -> Any:
    return Caller(who).get("/access-check/", ASKED | changes)


def test_yes_with_the_grant(shop: Namespace, owner: Person) -> None:
    grant = make.grant(shop, owner, "api.example.com")
    told = ask(owner, host="API.example.com.", service_account="web").json()
    assert told["allowed"] is True
    assert told["grant"]["id"] == grant.pk
    assert told["grant"]["conditions"]["enforced"] is told["enforced"] is False
    assert f"#{grant.pk}" in told["reason"]


def test_not_yet_and_no(shop: Namespace, owner: Person) -> None:
    make.grant(shop, owner, "api.example.com", status=GrantStatus.PENDING)
    waiting = ask(owner).json()
    assert (waiting["allowed"], waiting["grant"]["status"]) == (False, "pending")
    none = ask(owner, port=8443).json()
    assert (none["allowed"], none["grant"]) == (False, None)


@pytest.mark.parametrize("host", ["10.0.0.1", "not a host", "*", "аpple.com", "x" * 2000])
def test_a_host_that_cannot_be_granted_is_answered_with_no(
    shop: Namespace, owner: Person, host: str
) -> None:
    answer = ask(owner, host=host)
    assert (answer.status_code, answer.json()["allowed"]) == (200, False)


def test_a_stranger_cannot_tell_what_is_hidden_from_what_is_not_there(
    shop: Namespace, payments: Namespace, stranger: Person
) -> None:
    make.cluster("second")
    absent = problem(ask(stranger, namespace="nowhere"), 404)["detail"]
    for hidden in ({"namespace": "shop"}, {"cluster": "second"}, {"cluster": "none"}):
        assert problem(ask(stranger, **hidden), 404)["detail"] == absent


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"port": "0"}, "port"),
        ({"port": "https"}, "port"),
        ({"port": "４４３"}, "port"),
        ({"port": "9" * 5000}, "port"),
        ({"host": ""}, "host"),
        ({"host": "a\0b"}, "host"),
        ({"host": "x" * 2001}, "host"),
        ({"namespace": "a\0b"}, "namespace"),
        ({"cluster": "x" * 64}, "cluster"),
        ({"subject": "shop"}, "subject"),
    ],
)
def test_what_is_not_understood_is_named(
    shop: Namespace, owner: Person, changes: dict[str, str], field: str
) -> None:
    assert [*problem(ask(owner, **changes), 422)["errors"]] == [field]


def test_all_that_is_missing_is_named_at_once(shop: Namespace, owner: Person) -> None:
    errors = problem(Caller(owner).get("/access-check/"), 422)["errors"]
    assert set(errors) == {"cluster", "namespace", "host", "port"}
