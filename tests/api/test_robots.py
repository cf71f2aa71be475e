"""Robots over HTTP: they ask, within the limits of their tokens, and never decide."""

from typing import Any

import pytest

from egress.models import Grant, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, in_session, problem, rows, wish

pytestmark = pytest.mark.django_db


def robot_caller(who: Person, **token: Any) -> Caller:
    """Make a robot of `team-shop` and a token for it, all by the API."""
    session = in_session(who)
    made = session.post("/robots/", {"username": "ci", "teams": ["team-shop"]})
    assert made.status_code == 201, made.content
    body = {"name": "x", "scopes": ["read", "request"], "days": 7} | token
    given = session.post(f"/robots/{made.json()['id']}/tokens/", body)
    assert given.status_code == 201, given.content
    caller = Caller()
    caller.headers = {"Authorization": f"Bearer {given.json()['secret']}"}
    return caller


def test_a_robot_asks_and_cannot_decide(shop: Namespace, owner: Person, alice: Person) -> None:
    robot = robot_caller(owner)
    assert robot.get("/me/").json()["is_robot"] is True
    asked = robot.post("/requests/", wish(shop))
    assert asked.status_code == 201, asked.content
    other = make.request(shop, owner, "b.example.com")
    for pk in (asked.json()["id"], other.pk):
        for verb in ("approve", "deny"):
            body = {"revision": 1, "note": "x"}
            problem(robot.post(f"/requests/{pk}/{verb}/", body), 403, "ScopeMissing")
    row = {"request": other.pk, "revision": 1, "verdict": "approved"}
    problem(robot.post("/requests/decide/", {"decisions": [row]}), 403, "ScopeMissing")
    assert not Grant.objects.exists()


def test_robots_are_for_their_teams_and_admins(
    owner: Person, stranger: Person, adam: Person
) -> None:
    robot_caller(owner)
    (seen,) = rows(in_session(adam).get("/robots/"))
    assert rows(in_session(stranger).get("/robots/")) == []
    problem(in_session(stranger).delete(f"/robots/{seen['id']}/"), 404)
    problem(in_session(stranger).post("/robots/", {"username": "y", "teams": ["team-shop"]}), 403)
    unknown = in_session(adam).post("/robots/", {"username": "y", "teams": ["nobody"]})
    assert [*problem(unknown, 422)["errors"]] == ["teams"]
    assert in_session(owner).delete(f"/robots/{seen['id']}/").status_code == 204


def test_a_closed_robot_is_out_at_once(owner: Person, shop: Namespace) -> None:
    robot = robot_caller(owner)
    pk = rows(in_session(owner).get("/robots/"))[0]["id"]
    in_session(owner).delete(f"/robots/{pk}/")
    problem(robot.get("/me/"), 401)


def test_a_token_shows_and_does_nothing_outside_its_limits(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    other = make.namespace(shop.cluster, "backoffice", owner="team-shop")
    outside, hidden = make.grant(other, owner), make.request(other, owner, "o.example.com")
    inside = make.grant(shop, owner)
    robot = robot_caller(owner, namespaces=["sh*"], clusters=["main"])
    assert [row["id"] for row in rows(robot.get("/grants/"))] == [inside.pk]
    assert [row["name"] for row in rows(robot.get("/namespaces/"))] == ["shop"]
    assert hidden.pk not in [row["id"] for row in rows(robot.get("/requests/"))]
    problem(robot.get(f"/grants/{outside.pk}/"), 404)
    problem(robot.get(f"/requests/{hidden.pk}/"), 404)
    problem(robot.post(f"/grants/{outside.pk}/revoke/", {"reason": "x"}), 404)
    question: dict[str, str | int] = {"cluster": "main", "host": inside.host, "port": 443}
    problem(robot.get("/access-check/", question | {"namespace": "backoffice"}), 404)
    assert robot.get("/access-check/", question | {"namespace": "shop"}).status_code == 200
    lines = b"".join(robot.get("/grants/", {"format": "ndjson"}).streaming_content)
    assert b"backoffice" not in lines
    assert lines.count(b"\n") == 1
    for path in ("/requests/", "/requests/preview/"):
        answer = robot.post(path, wish(other, "c.example.com"))
        assert answer.status_code in {403, 422} or answer.json()["errors"], answer.content
    events = rows(robot.get("/audit-events/"))
    assert {event["namespace"] for event in events} <= {"shop"}
