"""Sweeps and people at the same moment: one of them wins, and the trail tells one story.

Runs on whatever database EGRESS_DATABASE_URL names.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.models import AuditEvent, Grant, Namespace, Person, Recertification
from egress.services import recertification
from egress.services.recertification import cycle
from tests import factories as make
from tests.services.at_once import at_once, winners
from tests.tries import tries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
DAY = timedelta(days=1)
ROUNDS = tries(2, of=30)


def tags(grant: Grant) -> list[str]:
    events = AuditEvent.objects.filter(target="grant", target_id=str(grant.pk))
    return list(events.order_by("sequence").values_list("tag", flat=True))


def test_two_sweeps_at_once_take_up_announce_and_end_once(shop: Namespace) -> None:
    now = timezone.now()
    old, due = make.endless(shop, active_at=now), make.endless(shop, active_at=now)
    make.asked_about(due, days=-1, announced_at=now - 20 * DAY, reminded_at=now - 2 * DAY)
    new = make.asked_about(make.endless(shop), announced_at=None)
    at_once([partial(recertification.tend, now)] * 3)
    assert Recertification.objects.filter(grant=old).count() == 1
    assert tags(new.grant) == ["recertification:announced"]
    assert tags(due).count("grant:expired") == 1


@pytest.mark.parametrize("answer", ["confirm", "drop"])
def test_an_answer_and_the_end_at_once_leave_one_of_them(
    shop: Namespace, owner: Person, answer: str
) -> None:
    deed: Callable[..., Any] = getattr(recertification, answer)
    now = timezone.now()
    for _ in range(ROUNDS):
        grant = make.endless(shop, owner)
        make.asked_about(grant, days=-1, announced_at=now - 20 * DAY, reminded_at=now - 2 * DAY)
        said = partial(deed, grant=grant, actor=make.actor(owner))
        results = at_once([partial(cycle.end_unanswered, now=now), said])
        grant.refresh_from_db()
        answered = len(winners(results[1:])) == 1
        kept = GrantStatus.ACTIVE if answer == "confirm" else GrantStatus.REVOKED
        assert grant.status == (kept if answered else GrantStatus.EXPIRED)
        assert len([tag for tag in tags(grant) if tag != "recertification:reminded"]) == 1
