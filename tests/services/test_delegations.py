"""Lending one's scopes for a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.models import AuditEvent, Delegation, Person
from egress.models.standing import standing_of
from egress.services.delegations import delegate, revoke_delegation
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def bob() -> Person:
    return make.person("bob")


def lend(who: Person, **more: Any) -> Delegation:
    wanted = {"delegate": "bob", "ends_at": timezone.now() + 7 * DAY, "reason": "Holidays."}
    return delegate(actor=make.actor(who), **{**wanted, **more})


def test_an_approver_lends_their_scopes_until_they_end_it(alice: Person, bob: Person) -> None:
    made = lend(alice)
    assert [scope.lender for scope in standing_of(bob).scopes] == ["alice"]
    event = AuditEvent.objects.get(tag="delegation:created")
    assert (event.data["lender"], event.data["delegate"]) == ("alice", "bob")
    revoke_delegation(delegation=made, actor=make.actor(alice))
    assert standing_of(bob).scopes == ()
    with pytest.raises(Conflict):
        revoke_delegation(delegation=made, actor=make.actor(alice))


def test_the_delegate_may_give_it_back_and_nobody_else_sees_it(
    alice: Person, bob: Person, olga: Person, adam: Person
) -> None:
    made = lend(alice)
    with pytest.raises(Missing):
        revoke_delegation(delegation=made, actor=make.actor(make.person()))
    with pytest.raises(Missing):
        revoke_delegation(delegation=made, actor=make.actor(olga))
    revoke_delegation(delegation=made, actor=make.actor(bob))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"delegate": "nobody"}, "delegate"),
        ({"delegate": "alice"}, "delegate"),
        ({"reason": " "}, "reason"),
        ({"ends_at": timezone.now() - DAY}, "ends_at"),
        ({"ends_at": timezone.now() + 61 * DAY}, "ends_at"),
    ],
)
def test_what_cannot_be_lent_is_refused_by_field(
    alice: Person, bob: Person, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        lend(alice, **wrong)
    assert list(caught.value.fields) == [field]
    assert not Delegation.objects.exists()


def test_who_has_no_scope_of_their_own_lends_nothing(
    alice: Person, bob: Person, adam: Person
) -> None:
    make.person("carol")
    for who in (bob, adam):
        with pytest.raises(Refused, match="nothing to lend"):
            lend(who, delegate="carol")
    lend(alice)
    with pytest.raises(Refused, match="not lent further"):
        lend(bob, delegate="carol")


def test_robots_neither_lend_nor_are_lent_to(alice: Person, bob: Person, adam: Person) -> None:
    make.role(make.team("team-shop"), "approver")
    robot = make.person("deployer", teams=["team-shop"])
    Person.objects.filter(pk=robot.pk).update(is_robot=True, password="!")
    for who, wrong in ((alice, {"delegate": "deployer"}), (adam, {"lender": "deployer"})):
        with pytest.raises(Refused, match="robots never decide") as caught:
            lend(who, **wrong)
        assert list(caught.value.fields) == list(wrong)
    with pytest.raises(Refused, match="robots never decide"):
        lend(robot)
    # Even what stands in the database gives nobody a scope.
    make.delegation(robot, bob)
    make.delegation(alice, robot)
    assert standing_of(bob).scopes == standing_of(robot).scopes == ()


def test_admins_lend_for_others_but_not_to_themselves(
    alice: Person, bob: Person, adam: Person
) -> None:
    with pytest.raises(NotAllowed) as caught:
        lend(adam, lender="alice", delegate="adam")
    assert caught.value.reason == "OwnDelegation"
    with pytest.raises(NotAllowed, match="Only admins"):
        lend(bob, lender="alice", delegate="bob")
    assert lend(adam, lender="alice").lender == alice


def test_the_same_is_not_lent_twice_at_a_time(alice: Person, bob: Person) -> None:
    lend(alice)
    with pytest.raises(Conflict):
        lend(alice, starts_at=timezone.now() + DAY)
    later = timezone.now() + 8 * DAY
    assert lend(alice, starts_at=later, ends_at=later + DAY)
