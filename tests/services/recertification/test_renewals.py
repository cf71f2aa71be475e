"""An approved renewal is the answer to a recertification, and its end waits for nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, Verdict
from egress.models import AuditEvent, Namespace, Person, Recertification, Request
from egress.services import recertification, requests
from tests import factories as make
from tests.services.rules import put_in_force, rule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CONFIRMED = "recertification:confirmed"


@pytest.fixture
def asked(shop: Namespace, owner: Person) -> Recertification:
    """A grant of a long time, about which its owners are asked; it ends by that in two days."""
    ends = timezone.now() + 300 * DAY
    grant = make.grant(shop, owner, host="a.example.com", expires_at=ends)
    return make.asked_about(
        grant, days=2, announced_at=timezone.now() - 20 * DAY, reminded_at=timezone.now()
    )


def renew(asked: Recertification, who: Person) -> Request:
    return requests.renew(
        grant=asked.grant, actor=make.actor(who), reason="Still needed.", duration_days=30
    )


def decide(renewal: Request, who: Person) -> Request:
    said = {0: Verdict.APPROVED}
    return requests.decide(request=renewal, actor=make.actor(who), revision=1, verdicts=said)


def a_robot() -> Person:
    robot = make.person("ci", teams=["team-shop"])
    Person.objects.filter(pk=robot.pk).update(is_robot=True, password="!")
    return Person.objects.get(pk=robot.pk)


def test_an_approved_renewal_confirms_the_grant(
    asked: Recertification, owner: Person, mate: Person
) -> None:
    renewal = decide(renew(asked, owner), mate)
    asked.refresh_from_db()
    assert not asked.is_waiting
    assert (asked.reminded_at, asked.confirmed_by, asked.confirmed_at) == (
        None,
        "owner",
        renewal.decided_at,
    )
    assert abs(asked.due_at - timezone.now() - 180 * DAY) < DAY
    event = AuditEvent.objects.get(tag=CONFIRMED)
    assert (event.actor, event.target_id) == ("mate", str(asked.grant_id))
    assert (event.data["confirmed_by"], event.data["renewal"]) == ("owner", renewal.pk)
    recertification.tend(timezone.now() + 3 * DAY)
    asked.grant.refresh_from_db()
    assert asked.grant.status == GrantStatus.ACTIVE


def test_a_denied_or_pending_renewal_is_no_answer(
    asked: Recertification, owner: Person, mate: Person
) -> None:
    renewal = renew(asked, owner)
    asked.refresh_from_db()
    assert asked.is_waiting
    requests.decide(
        request=renewal,
        actor=make.actor(mate),
        revision=1,
        verdicts={0: Verdict.DENIED},
        note="Not needed.",
    )
    asked.refresh_from_db()
    assert asked.is_waiting


def test_of_a_robots_renewal_who_approved_it_confirmed(
    asked: Recertification, owner: Person, mate: Person
) -> None:
    decide(renew(asked, a_robot()), mate)
    asked.refresh_from_db()
    assert (asked.is_waiting, asked.confirmed_by) == (False, "mate")


@pytest.mark.parametrize(("by_robot", "answers"), [(False, True), (True, False)])
def test_a_rules_approval_answers_for_people_and_not_for_robots(
    asked: Recertification, owner: Person, mate: Person, by_robot: bool, answers: bool
) -> None:
    put_in_force(rule(when='destinations: ["*.example.com"], duration at most: 30d'))
    renewal = renew(asked, a_robot() if by_robot else owner)
    assert renewal.status == "approved"
    asked.refresh_from_db()
    assert asked.is_waiting is not answers
    assert AuditEvent.objects.filter(tag=CONFIRMED).exists() is answers


def test_who_is_not_asked_has_not_answered(shop: Namespace, owner: Person, mate: Person) -> None:
    ends = timezone.now() + 300 * DAY
    grant = make.grant(shop, owner, host="a.example.com", expires_at=ends)
    ahead = make.asked_about(grant, days=90, announced_at=None)
    before = ahead.due_at
    decide(renew(ahead, owner), mate)
    ahead.refresh_from_db()
    assert (ahead.confirmed_at, ahead.due_at) == (None, before)
