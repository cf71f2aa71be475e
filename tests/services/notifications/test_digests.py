"""The daily mail comes at one's own hour, with what was told before it and still matters."""

from datetime import datetime

import pytest
from django.core import mail
from django.utils import timezone

from egress.domain.notices import Kind, Way
from egress.models import DigestTime, Namespace, Notification, Person, Preference
from egress.services.notifications import make_digests
from egress.services.notifications.outgoing import send_due
from tests import factories as make
from tests.services.notifications.conftest import with_mail
from tests.services.notifications.test_telling import deny, submit, tell


@pytest.fixture
def decider(alice: Person) -> Person:
    """An approver who hears of requests by the daily mail."""
    Preference.objects.create(person=alice, kind=Kind.TO_DECIDE, way=Way.DIGEST)
    return with_mail(alice)


def at(hour: int, day: int = 3) -> datetime:
    return datetime(2031, 5, day, hour, tzinfo=timezone.get_default_timezone())


def test_the_daily_mail_comes_at_ones_hour_once_a_day_and_only_when_something_waits(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    DigestTime.objects.create(person=decider, hour=9)
    assert make_digests(at(9)) == 0
    submit(shop, owner, "one.example.com")
    submit(shop, owner, "two.example.com")
    tell()
    Notification.objects.update(created_at=at(7))
    assert make_digests(at(8)) == 0
    assert make_digests(at(9)) == 1
    assert make_digests(at(10)) == 0
    send_due(at(10))
    (letter,) = mail.outbox
    assert letter.subject == "2 notifications from Egress Portal"
    assert "one.example.com" in letter.body
    assert "two.example.com" in letter.body
    assert make_digests(at(9, day=4)) == 0


def test_what_happens_after_ones_hour_waits_for_the_next_day(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    DigestTime.objects.create(person=decider, hour=9)
    submit(shop, owner)
    tell()
    Notification.objects.update(created_at=at(10))
    assert [make_digests(at(11)), make_digests(at(8, day=4))] == [0, 0]
    assert make_digests(at(9, day=4)) == 1


def test_a_daily_mail_that_comes_late_moves_no_other_one(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    DigestTime.objects.create(person=decider, hour=23)
    submit(shop, owner, "one.example.com")
    tell()
    Notification.objects.update(created_at=at(22))
    assert make_digests(at(1, day=4)) == 1, "no worker ran at the hour"
    submit(shop, owner, "two.example.com")
    tell()
    Notification.objects.filter(in_digest=True).update(created_at=at(10, day=4))
    assert [make_digests(at(22, day=4)), make_digests(at(23, day=4))] == [0, 1]


def test_the_daily_mail_leaves_out_what_was_read_or_decided(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    read, decided, _ = (submit(shop, owner, f"{n}.example.com") for n in ("a", "b", "c"))
    tell()
    Notification.objects.filter(request=read).update(read_at=timezone.now())
    make_digests(at(9))
    deny(decided, make.approver("ann"))
    send_due(at(10))
    (letter,) = mail.outbox
    assert "c.example.com" in letter.body
    assert "a.example.com" not in letter.body
    assert "b.example.com" not in letter.body
