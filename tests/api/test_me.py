"""Who am I?"""

from typing import Any

import pytest

from egress.models import Person
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db


def test_everybody_learns_who_they_are(db: None) -> None:
    who = make.person("zoe", teams=["team-b", "team-a"], email="zoe@example.com")
    told = Caller(who).get("/me/").json()
    assert told.pop("token_expires_at") is not None
    assert told == {
        "username": "zoe",
        "first_name": "",
        "last_name": "",
        "email": "zoe@example.com",
        "teams": ["team-a", "team-b"],
        "is_robot": False,
        "is_admin": False,
        "is_auditor": False,
    }


def test_roles_are_told(adam: Person, olga: Person, superuser: Person) -> None:
    assert Caller(adam).get("/me/").json()["is_admin"]
    assert Caller(superuser).get("/me/").json()["is_admin"]
    assert Caller(olga).get("/me/").json()["is_auditor"]


def test_nobody_changes_themselves_here(owner: Person) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        problem(Caller(owner).call(method, "/me/", {"is_admin": True}), 405)


def test_it_costs_three_queries(owner: Person, django_assert_num_queries: Any) -> None:
    caller = Caller(owner)
    caller.get("/me/")
    # The token with its person, standing, teams.
    with django_assert_num_queries(3):
        caller.get("/me/")
