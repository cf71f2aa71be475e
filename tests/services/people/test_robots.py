"""Robots: for their teams, never deciding, stopped when nobody answers for them."""

from typing import Any

import pytest
from django.contrib.auth import get_user
from django.db import IntegrityError, transaction
from django.test import Client

from egress import rules
from egress.models import ApiToken, AuditEvent, Namespace, Person, Role
from egress.models.standing import standing_of
from egress.selectors.people import active_admins, deciders_of
from egress.services import people, requests, tokens
from egress.services.actor import Actor
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make


def robot_of(*teams: str, by: Person, name: str = "deployer") -> Person:
    return people.create_robot(
        username=name, teams=[make.team(team) for team in teams], actor=make.actor(by)
    )


def token_of(robot: Person, by: Person, **fields: Any) -> tuple[ApiToken, str]:
    given = {"name": "ci", "scopes": ["read", "request"], "days": 30, **fields}
    return tokens.create(owner=robot, actor=make.actor(by), **given)


def test_members_make_robots_of_their_teams_and_tokens_for_them(
    owner: Person, shop: Namespace
) -> None:
    robot = robot_of("team-shop", by=owner)
    token, secret = token_of(robot, owner)
    known = tokens.authenticate(secret)
    assert known is not None
    assert known.owner == robot
    assert token.made_by == owner
    assert rules.may_ask(robot, shop)
    assert not robot.has_usable_password()
    assert AuditEvent.objects.filter(tag="robot:created", actor="owner").count() == 1


def test_nobody_makes_robots_of_teams_they_are_not_all_in(
    owner: Person, adam: Person, olga: Person
) -> None:
    for who in (owner, olga):
        with pytest.raises(NotAllowed):
            robot_of("team-shop", "team-payments", by=who)
    robot = robot_of("team-shop", "team-payments", by=adam)
    with pytest.raises(NotAllowed):
        token_of(robot, owner)
    token_of(robot, adam)


@pytest.mark.parametrize(
    ("name", "teams", "field"), [("", ["team-shop"], "username"), ("x", [], "teams")]
)
def test_what_is_wrong_with_a_robot_is_told_beside_its_field(
    adam: Person, name: str, teams: list[str], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        robot_of(*teams, by=adam, name=name)
    assert list(caught.value.fields) == [field]


def test_a_name_is_taken_once_for_people_and_robots(owner: Person) -> None:
    with pytest.raises(Conflict):
        robot_of("team-shop", by=owner, name="OWNER")


@pytest.mark.parametrize("scope", ["decide", "admin"])
def test_a_robot_gets_no_token_to_decide_or_administer(adam: Person, scope: str) -> None:
    with pytest.raises(Refused) as caught:
        token_of(robot_of("team-shop", by=adam), adam, scopes=["read", scope])
    assert list(caught.value.fields) == ["scopes"]


def test_a_robot_never_decides_whatever_its_team_may(
    owner: Person, adam: Person, shop: Namespace
) -> None:
    for role in (Role.APPROVER, Role.ADMIN, Role.AUDITOR):
        make.role(make.team("team-shop"), role)
    robot = robot_of("team-shop", by=adam)
    standing = standing_of(robot)
    assert (standing.scopes, standing.is_admin, standing.is_auditor) == ((), False, False)
    assert not rules.may_decide(robot, make.request(shop, adam, "a.example.com"))
    assert robot not in deciders_of(make.request(shop, adam, "b.example.com"))
    assert robot not in active_admins()
    with pytest.raises(Refused):
        people.bind_role(role=Role.APPROVER, person=robot, actor=make.actor(adam))


def test_tokens_rest_while_nobody_is_in_the_team(owner: Person, adam: Person) -> None:
    robot = robot_of("team-shop", by=owner)
    _, secret = token_of(robot, owner)
    people.set_members(team=make.team("team-shop"), people=[], actor=make.actor(adam))
    assert tokens.authenticate(secret) is None
    assert standing_of(robot).teams == frozenset()
    people.set_members(team=make.team("team-shop"), people=[owner], actor=make.actor(adam))
    assert tokens.authenticate(secret) is not None
    people.deactivate(person=owner, actor=make.actor(adam))
    assert tokens.authenticate(secret) is None


def test_a_closed_robot_is_let_in_no_more(owner: Person, stranger: Person, olga: Person) -> None:
    robot = robot_of("team-shop", by=owner)
    token, secret = token_of(robot, owner)
    with pytest.raises(Missing):
        people.close_robot(robot=robot, actor=make.actor(stranger))
    with pytest.raises(NotAllowed):
        people.close_robot(robot=robot, actor=make.actor(olga))
    people.close_robot(robot=robot, actor=make.actor(owner))
    assert tokens.authenticate(secret) is None
    token.refresh_from_db()
    assert token.revoked_at is not None
    with pytest.raises(Conflict):
        people.close_robot(robot=robot, actor=make.actor(owner))
    with pytest.raises(NotAllowed):
        token_of(robot, owner)


def test_members_of_a_team_revoke_the_tokens_of_its_robots(
    owner: Person, mate: Person, stranger: Person
) -> None:
    token, _ = token_of(robot_of("team-shop", by=owner), owner)
    with pytest.raises(Missing):
        tokens.revoke(token=token, actor=make.actor(stranger))
    tokens.revoke(token=token, actor=make.actor(mate))


def test_a_robot_makes_neither_tokens_nor_robots(owner: Person) -> None:
    robot = robot_of("team-shop", by=owner)
    with pytest.raises(NotAllowed):
        token_of(robot, robot)
    with pytest.raises(NotAllowed):
        robot_of("team-shop", by=robot, name="second")


def test_a_robot_never_signs_in(owner: Person, adam: Person, client: Client) -> None:
    robot = robot_of("team-shop", by=owner)
    with pytest.raises(Refused):
        people.set_password(person=robot, password="a long passphrase", actor=make.actor(adam))
    robot.set_password("a long passphrase")
    with pytest.raises(IntegrityError), transaction.atomic():
        robot.save()
    client.force_login(robot)
    session = type("Request", (), {"session": client.session, "META": {}})()
    assert not get_user(session).is_authenticated


def test_a_token_that_ends_while_its_call_runs_does_nothing_more(
    owner: Person, shop: Namespace
) -> None:
    token, _ = token_of(robot_of("team-shop", by=owner), owner)
    actor = Actor.of(token.owner, "api", token=token)
    asked = make.request(shop, owner)
    ApiToken.objects.update(revoked_at=token.created_at)
    with pytest.raises(NotAllowed) as caught:
        requests.comment(request=asked, actor=actor, text="Late.")
    assert caught.value.reason == "TokenEnded"
