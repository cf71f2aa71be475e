"""No cluster is asked about a robot: developers choose what robots are called."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress import rules
from egress.models import Person
from egress.models.standing import standing_of
from egress.services import people, requests
from egress.services.errors import Refused
from egress.services.ownership import owned_now, refresh, reviews
from tests import factories as make
from tests.services.connected import Connected, company_connected
from tests.services.ownership.reviewing import bind, by_review, lie

pytestmark = pytest.mark.django_db
LEAD = "lead@corp.example"


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        by_review(made)
        yield made


@pytest.fixture
def robot(mesh: Connected) -> Person:
    """A robot that somebody of another team gave the name of a user of the cluster."""
    bind(mesh, LEAD)
    mallory = make.person("mallory", teams=["team-x"])
    team = make.team("team-x")
    return people.create_robot(username=LEAD, teams=[team], actor=make.actor(mallory))


def test_a_robot_called_like_a_user_of_the_cluster_owns_nothing(
    mesh: Connected, robot: Person, alice: Person
) -> None:
    lying = lie(mesh)
    assert not owned_now(robot, mesh.namespace(), told=True)
    with pytest.raises(Refused):
        requests.submit(draft=make.draft(mesh.namespace()), actor=make.actor(robot))
    assert not lying.asked


@pytest.mark.parametrize("field", ["username", "email"])
def test_who_tries_it_is_told_that_it_is_a_robot(
    mesh: Connected, robot: Person, field: str
) -> None:
    Person.objects.filter(pk=robot.pk).update(email=LEAD)
    by_review(mesh, review_user=field)
    lying = lie(mesh)
    answer = reviews.ask(robot, mesh.namespace())
    assert not answer.allowed
    assert "is a robot" in answer.why
    assert not lying.asked


def test_nothing_is_remembered_of_a_robot(mesh: Connected, robot: Person) -> None:
    lying = lie(mesh)
    assert not refresh(person=robot, standing=standing_of(robot))
    assert not lying.asked


def test_a_robot_asks_where_its_team_is_the_owner(mesh: Connected, robot: Person) -> None:
    by_review(mesh, owner_by_label=True)
    mesh.cluster.namespaces.filter(name="shop").update(owner_label="team-x")
    assert rules.may_ask(standing_of(robot).acting(), mesh.namespace())
