"""The pages of robots: for their teams."""

from typing import Any

import pytest
from django.test import Client

from egress.models import ApiToken, Namespace, Person
from egress.services import tokens
from tests import factories as make

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def made_by(owner: Person) -> tuple[Client, Person]:
    client, team = signed_in(owner), make.team("team-shop")
    answer = client.post("/robots/new", {"username": "ci-shop", "teams": [team.pk]})
    assert answer.status_code == 302, answer.content
    return client, Person.objects.get(username="ci-shop")


def test_a_member_makes_a_robot_and_its_token_and_ends_both(
    shop: Namespace, owner: Person, stranger: Person, adam: Person
) -> None:
    client, robot = made_by(owner)
    token: dict[str, Any] = {"name": "deploy", "scopes": ["read"], "days": "30"}
    limits = {"clusters": ["main"], "namespaces": "shop, pay*"}
    answer = client.post(f"/robots/{robot.pk}/tokens", token | limits)
    assert "Copy the new token now" in answer.content.decode()
    made = ApiToken.objects.get(owner=robot)
    assert made.namespaces == ["pay*", "shop"]
    page = client.get(f"/robots/{robot.pk}").content.decode()
    assert "only in cluster main, namespaces “pay*” and “shop”" in page
    assert "ci-shop" in client.get("/robots").content.decode()
    team = signed_in(adam).get(f"/teams/{make.team('team-shop').pk}").content.decode()
    assert f"/robots/{robot.pk}" in team
    assert "ci-shop" not in signed_in(adam).get("/people").content.decode()
    assert signed_in(stranger).get(f"/robots/{robot.pk}").status_code == 404
    client.post(f"/robots/{robot.pk}/tokens/{made.pk}/revoke")
    made.refresh_from_db()
    assert made.revoked_at is not None
    client.post(f"/robots/{robot.pk}/close")
    robot.refresh_from_db()
    assert not robot.is_active


def test_what_was_typed_stays_when_a_robot_is_refused(owner: Person, shop: Namespace) -> None:
    team = make.team("team-shop")
    answer = signed_in(owner).post("/robots/new", {"username": "no name!", "teams": [team.pk]})
    assert answer.status_code == 422
    assert "no name!" in answer.content.decode()


def test_a_scope_to_decide_is_not_offered(owner: Person, shop: Namespace) -> None:
    client, robot = made_by(owner)
    body = {"name": "x", "scopes": ["decide"], "days": "30"}
    assert client.post(f"/robots/{robot.pk}/tokens", body).status_code == 422
    assert tokens.ROBOT_SCOPES == ("read", "request")
