"""Tokens: everybody's own, shown once, never more than what made them."""

from typing import Any

import pytest

from egress.models import ApiToken, IdempotencyKey, Person
from egress.services import tokens
from tests.api.calling import Caller, in_session, problem, rows

pytestmark = pytest.mark.django_db
BODY = {"name": "Deploy", "scopes": ["read", "request"], "days": 7}


def test_a_new_token_works_and_its_secret_is_shown_once(owner: Person) -> None:
    answer = in_session(owner).post("/tokens/", BODY)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    token = tokens.authenticate(made["secret"])
    assert token is not None
    assert (token.owner, token.scopes) == (owner, ["read", "request"])
    listed = in_session(owner).get("/tokens/")
    assert [row["id"] for row in rows(listed)] == [made["id"]]
    assert made["secret"].encode() not in listed.content
    assert token.digest.encode() not in listed.content


def test_people_see_and_revoke_their_own_tokens_only(owner: Person, adam: Person) -> None:
    made = in_session(owner).post("/tokens/", BODY).json()
    admin = in_session(adam)
    assert rows(admin.get("/tokens/")) == []
    problem(admin.delete(f"/tokens/{made['id']}/"), 404)
    assert tokens.authenticate(made["secret"]) is not None


def test_a_revoked_token_is_dead_at_once(owner: Person) -> None:
    session = in_session(owner)
    made = session.post("/tokens/", BODY).json()
    answer = session.delete(f"/tokens/{made['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    program = Caller()
    program.headers = {"Authorization": f"Bearer {made['secret']}"}
    problem(program.get("/me/"), 401)
    problem(session.delete(f"/tokens/{made['id']}/"), 409, "TokenRevoked")
    problem(session.delete("/tokens/424242/"), 404)


def test_a_token_makes_no_stronger_one(owner: Person) -> None:
    weak = Caller(owner, "admin", "read")
    problem(weak.post("/tokens/", BODY), 403, "ScopeMissing")
    assert weak.post("/tokens/", BODY | {"scopes": ["read"]}).status_code == 201


def test_a_token_without_the_admin_scope_makes_and_revokes_none(owner: Person) -> None:
    caller = Caller(owner, "read", "request", "decide")
    problem(caller.post("/tokens/", BODY | {"scopes": ["read"]}), 403, "ScopeMissing")
    own = ApiToken.objects.get()
    problem(caller.delete(f"/tokens/{own.pk}/"), 403, "ScopeMissing")


def test_a_replay_never_shows_the_secret_again_and_it_is_nowhere_stored(owner: Person) -> None:
    session = in_session(owner)
    first = session.post("/tokens/", BODY, key="deploy-1").json()
    again = session.post("/tokens/", BODY, key="deploy-1")
    assert (again.status_code, again["Idempotent-Replay"]) == (201, "true")
    assert again.json() == first | {"secret": ""}
    assert ApiToken.objects.count() == 1
    assert first["secret"] not in str(IdempotencyKey.objects.values_list("body", flat=True))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": 5}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": ["root"]}, "scopes.0"),
        ({"scopes": ["read", {"a": ["b"]}]}, "scopes.1"),
        ({"scopes": ["a\ud800"]}, "scopes.0"),
        ({"scopes": ["read"] * 1000}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"days": True}, "days"),
        ({"days": 1e300}, "days"),
        ({"owner": "adam"}, "owner"),
    ],
)
def test_what_is_not_accepted_is_named(owner: Person, changes: dict[str, Any], field: str) -> None:
    assert [*problem(in_session(owner).post("/tokens/", BODY | changes), 422)["errors"]] == [field]
    assert not ApiToken.objects.exists()
