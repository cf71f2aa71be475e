"""Tokens that end soon are announced to whoever answers for them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.models import ApiToken, AuditEvent, Namespace, Notification, Person
from egress.services import people, tokens
from egress.services.notifications.telling import tell_what_happened
from egress.services.token_ends import remind_of_token_ends
from tests import factories as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def token_of(owner: Person, by: Person, days: int) -> ApiToken:
    return tokens.create(owner=owner, name="ci", scopes=["read"], days=days, actor=make.actor(by))[
        0
    ]


def test_the_owner_hears_of_the_end_a_week_and_a_day_before(owner: Person) -> None:
    tell_what_happened(timezone.now())
    token, short = token_of(owner, owner, 30), token_of(owner, owner, 1)
    ends = token.created_at + 30 * DAY
    steps = [ends - 8 * DAY, ends - 7 * DAY, ends - 6 * DAY, ends - DAY, ends - DAY / 2, ends]
    ApiToken.objects.filter(pk=token.pk).update(expires_at=ends)
    assert [remind_of_token_ends(now=now) for now in steps] == [0, 1, 0, 1, 0, 0]
    told = AuditEvent.objects.filter(tag="token:expiring")
    assert [event.data["days"] for event in told.order_by("sequence")] == [7, 1]
    assert not told.filter(target_id=str(short.pk)).exists(), "its end is no news"
    tell_what_happened(timezone.now())
    # Both in one round are one piece of news.
    note = Notification.objects.get()
    assert (note.person, note.link) == (owner, "/account")
    assert f"{ends:%Y-%m-%d}" in note.text


def test_of_a_robots_token_its_team_hears_and_nobody_else(
    shop: Namespace, owner: Person, mate: Person, stranger: Person, adam: Person
) -> None:
    tell_what_happened(timezone.now())
    robot = people.create_robot(
        username="deployer", teams=[make.team("team-shop")], actor=make.actor(owner)
    )
    token = token_of(robot, owner, 30)
    assert remind_of_token_ends(now=token.created_at + 29.5 * DAY) == 1
    tell_what_happened(timezone.now())
    told = Notification.objects.all()
    assert {row.person.username for row in told} == {"owner", "mate"}
    assert {row.link for row in told} == {f"/robots/{robot.pk}"}


def test_a_revoked_token_is_not_announced(owner: Person) -> None:
    token = token_of(owner, owner, 30)
    tokens.revoke(token=token, actor=make.actor(owner))
    assert remind_of_token_ends(now=token.created_at + 29.5 * DAY) == 0


def test_those_that_were_told_of_keep_nobody_else_waiting(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress.services.token_ends.AT_ONCE", 2)
    tokens_ = [token_of(owner, owner, 30) for _ in range(5)]
    now = tokens_[0].created_at + 25 * DAY
    assert [remind_of_token_ends(now=now) for _ in range(4)] == [2, 2, 1, 0]
    told = AuditEvent.objects.filter(tag="token:expiring").values_list("target_id", flat=True)
    assert sorted(told) == sorted(str(token.pk) for token in tokens_)
