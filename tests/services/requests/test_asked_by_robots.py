"""What a robot asks for is wanted by whoever made a token of it: they do not decide it."""

import pytest

from egress import rules
from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.models import Grant, Namespace, Person, Request
from egress.models.standing import standing_of
from egress.selectors.people import deciders_of
from egress.selectors.requests import queue
from egress.services import requests
from egress.services.errors import NotAllowed
from tests import factories as make

pytestmark = pytest.mark.django_db


def approve(request: Request, who: Person) -> Request:
    return requests.decide(
        request=request, actor=make.actor(who), revision=1, verdicts={0: Verdict.APPROVED}
    )


def test_who_made_its_token_does_not_approve_and_others_do(
    shop: Namespace, mate: Person, alice: Person
) -> None:
    asked = make.request(shop, make.robot("team-shop", made_by=mate))
    with pytest.raises(NotAllowed, match="of which you made a token") as caught:
        approve(asked, mate)
    assert caught.value.reason == "OwnRequest"
    assert not queue(mate).exists()
    assert list(queue(alice)) == [asked]
    assert deciders_of(asked) == [alice]
    assert approve(asked, alice).status == RequestStatus.APPROVED


def test_a_token_of_another_robot_changes_nothing(shop: Namespace, mate: Person) -> None:
    make.robot("team-shop", made_by=mate)
    asked = make.request(shop, make.robot("team-shop"))
    assert approve(asked, mate).status == RequestStatus.APPROVED


def test_nor_does_anybody_by_a_right_that_they_lend(shop: Namespace, mate: Person) -> None:
    friend = make.person("friend")
    make.delegation(mate, friend)
    asked = make.request(shop, make.robot("team-shop", made_by=mate))
    with pytest.raises(NotAllowed, match="lends you does not count"):
        approve(asked, friend)
    assert not queue(friend).exists()
    other = make.request(shop, make.robot("team-shop", made_by=friend))
    with pytest.raises(NotAllowed):
        approve(other, friend)


def test_nor_do_they_decide_what_renews_it(shop: Namespace, mate: Person, owner: Person) -> None:
    robot = make.robot("team-shop", made_by=mate)
    renewal = make.request(shop, owner, renews=make.grant(shop, robot))
    with pytest.raises(NotAllowed, match="the grant that this renews"):
        approve(renewal, mate)
    assert not queue(mate).exists()


def test_nor_do_they_look_at_what_was_opened_for_it(
    shop: Namespace, mate: Person, alice: Person, owner: Person
) -> None:
    opening = make.opening(make.request(shop, make.robot("team-shop", made_by=mate)), owner)
    assert rules.may_look(alice, opening)
    assert not rules.may_look(mate, opening)


@pytest.mark.parametrize("wanted_by", ["robot", "renewal", "break-glass"])
def test_nor_resumes_anybody_what_they_wanted(
    wanted_by: str, shop: Namespace, mate: Person, alice: Person, owner: Person
) -> None:
    robot = make.robot("team-shop", made_by=mate)
    grant: Grant = make.grant(
        shop, robot if wanted_by == "robot" else owner, status=GrantStatus.SUSPENDED
    )
    assert rules.may_resume(mate, grant) == (wanted_by != "robot")
    if wanted_by == "renewal":
        make.request(shop, mate, renews=grant, status=RequestStatus.APPROVED)
    elif wanted_by == "break-glass":
        make.opening(grant.request, mate)
    assert not rules.may_resume(mate, grant)
    assert rules.may_resume(alice, grant)


def test_a_standing_knows_the_robots_of_lenders(mate: Person) -> None:
    friend, robot = make.person("friend"), make.robot("team-shop", made_by=mate)
    assert standing_of(friend).through == frozenset()
    make.delegation(mate, friend)
    assert standing_of(friend).through == {(mate.pk, robot.pk)}
    assert standing_of(mate).asks_as(mate.pk) == {mate.pk, robot.pk}
