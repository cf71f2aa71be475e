"""Requests that wait for long are told of again, once each."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.models import AuditEvent, Namespace, Notification, Person
from egress.services.notifications.telling import tell_what_happened
from egress.services.requests import remind_waiting
from tests import factories as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(kind: str) -> list[str]:
    rows = Notification.objects.filter(kind=kind).order_by("person__username")
    return list(rows.values_list("person__username", flat=True))


def test_approvers_are_reminded_once_and_then_admins_hear_of_it(
    shop: Namespace, owner: Person, alice: Person, adam: Person, settings: Any
) -> None:
    settings.REMIND_HOURS, settings.ESCALATE_HOURS = 24, 72
    now = timezone.now()
    tell_what_happened(now)
    asked = make.request(shop, owner, created_at=now)
    assert remind_waiting(now=now + 23 * HOUR) == 0
    assert remind_waiting(now=now + 25 * HOUR) == 1
    assert remind_waiting(now=now + 26 * HOUR) == 0
    tell_what_happened(now)
    assert (told("reminder"), told("escalation")) == (["alice"], [])
    assert remind_waiting(now=now + 73 * HOUR) == 1
    tell_what_happened(now)
    assert (told("reminder"), told("escalation")) == (["alice"], ["adam"])
    tags = AuditEvent.objects.filter(target_id=str(asked.pk)).values_list("tag", flat=True)
    assert sorted(tags) == ["request:escalated", "request:reminded"]


def test_what_is_decided_or_switched_off_reminds_nobody(
    shop: Namespace, owner: Person, alice: Person, settings: Any
) -> None:
    later = timezone.now() + 100 * HOUR
    make.request(shop, owner, status=RequestStatus.DENIED)
    assert remind_waiting(now=later) == 0
    make.request(shop, owner)
    settings.REMIND_HOURS = settings.ESCALATE_HOURS = 0
    assert remind_waiting(now=later) == 0
