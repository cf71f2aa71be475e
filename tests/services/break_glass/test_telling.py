"""Everybody is told of what was opened by break-glass, and nobody can turn that off."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.domain.notices import Kind
from egress.models import (
    AuditHead,
    Grant,
    Notification,
    NotificationCursor,
    Person,
    Preference,
    Request,
)
from egress.selectors.notifications import visible_notifications
from egress.services import break_glass, requests
from egress.services.errors import Refused
from egress.services.notifications.inbox import choose
from egress.services.notifications.telling import tell_what_happened
from tests import factories as make
from tests.services.break_glass.opening import look, open_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _from_now_on(db: None) -> None:
    head = AuditHead.objects.values_list("sequence", flat=True).first() or 0
    NotificationCursor.objects.update_or_create(pk=1, defaults={"sequence": head})


def told() -> dict[str, str]:
    """Return the last title that each person was told of break-glass, and forget it all."""
    tell_what_happened(timezone.now())
    rows = Notification.objects.filter(kind=Kind.BREAK_GLASS).order_by("pk")
    titles = {row.person.username: row.title for row in rows.select_related("person")}
    for name in titles:
        assert visible_notifications(Person.objects.get(username=name)).exists()
    Notification.objects.all().delete()
    return titles


def test_everybody_is_told_of_each_step(
    shop: Any,
    owner: Person,
    gina: Person,
    mate: Person,
    alice: Person,
    adam: Person,
    olga: Person,
    stranger: Person,
) -> None:
    asked = make.request(shop, owner)
    make.person("closed", teams=["team-shop"], is_active=False)
    open_at_once(asked, gina)
    titles = told()
    assert set(titles) == {"owner", "mate", "alice", "adam", "olga"}
    assert set(titles.values()) == {"gina broke the glass for shop"}
    look(asked, alice, "end", "Not needed.")
    titles = told()
    assert set(titles) == {"owner", "gina", "mate", "adam", "olga"}
    assert titles["gina"] == "alice ended what was opened by break-glass for shop"


def test_everybody_is_told_that_nobody_looked(asked: Request, gina: Person, adam: Person) -> None:
    open_at_once(asked, gina)
    told()
    break_glass.lapse_unlooked(now=timezone.now() + timedelta(days=2))
    titles = told()
    assert set(titles) == {"gina", "mate", "adam"}
    assert titles["mate"] == "Nobody looked at what was opened for shop"


def test_people_are_told_of_what_stays_open(asked: Request, gina: Person, mate: Person) -> None:
    open_at_once(asked, gina)
    Grant.objects.update(status="active", active_at=timezone.now())
    grant = asked.grants.order_by("pk")[0]
    renewal = requests.renew(
        grant=grant, actor=make.actor(gina), reason="We need it longer.", duration_days=30
    )
    said = {"revision": 1, "verdicts": {0: Verdict.APPROVED}}
    requests.decide(request=renewal, actor=make.actor(mate), **said)
    told()
    look(asked, mate, "end", "Not needed.")
    tell_what_happened(timezone.now())
    note = Notification.objects.get(kind=Kind.BREAK_GLASS, person=gina)
    assert note.title.endswith("for shop, but not what was renewed")
    assert f"Grant #{grant.pk} stays: request #{renewal.pk} renewed it." in note.text


def test_nobody_can_turn_it_off(asked: Request, gina: Person, mate: Person) -> None:
    with pytest.raises(Refused, match="everybody is told"):
        choose(actor=make.actor(mate), ways={"break-glass": "off"}, digest_hour=7)
    Preference.objects.create(person=mate, kind=Kind.BREAK_GLASS, way="off")
    open_at_once(asked, gina)
    assert "mate" in told()
