"""Who decides or administers needs a second factor where the settings ask for one, everywhere.

What takes one is read from the tables: whatever somebody gets done by their role alone. So a new
address is asked for it without anybody writing that down.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import override_settings
from pytest_django import Settings

from egress.models import AuditEvent
from tests.matrix.expected import rows_for
from tests.matrix.people import ROBOT
from tests.matrix.routes import Route, routes
from tests.matrix.table import Row
from tests.matrix.visits import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]
WITH_A_ROLE = ("approver", "outside", "admin", "superuser")
WITHOUT = ("nobody", "teamless", "member", "other", "auditor", ROBOT)
"""People whose roles need no factor; what they get done, too, takes no role."""
GETS_THROUGH = "dcvu"
SAYS_NO = {"POST queue-decide": "v"}
"""How refusals look where not by 403: this page says of each of many what became of it."""
ROWS = "admin:"
"""The rows of the database are read-only: their forms search."""


class Watched(Visitor):
    """Somebody whose visits are looked at for what they leave in the audit trail."""

    recorded = 0

    def _call(self, *args: Any) -> Any:
        before = AuditEvent.objects.count()
        answer = super()._call(*args)
        self.recorded += AuditEvent.objects.count() - before
        return answer

    def bearer(self, *args: Any) -> Any:
        """Return a token from before the settings asked for a factor."""
        with override_settings(MFA_REQUIRED="nobody"):
            return super().bearer(*args)

    def set_up_a_factor(self) -> None:
        """Give them a factor and sign them in again, as every session ends by that."""
        assert self.world.who is not None
        Authenticator.objects.create(user=self.world.who, type=Authenticator.Type.TOTP, data={})
        self._sign_in(self.world.who)
        self.cookies = self.client.cookies


def by_role_alone(who: str) -> Iterator[tuple[Route, Row, str]]:
    """Yield what somebody changes that nobody without such a role does, and whose it is."""
    for route in routes():
        for row in rows_for(route):
            if row.method == "GET" or route.key.startswith(ROWS):
                continue
            others = [name for name in WITHOUT if name != ROBOT or route.is_api]
            for whose in row.objects:
                gets = row.expects(who, whose)
                if gets in GETS_THROUGH and gets not in [row.expects(o, whose) for o in others]:
                    yield route, row, whose


def visits(visitor: Watched, route: Route, row: Row, whose: str) -> Iterator[tuple[str, str]]:
    """Yield each way to go there, with its answer."""
    yield "session", visitor.goes(route, row.method, whose)
    if route.is_api:
        yield "token", visitor.goes(route, row.method, whose, visitor.bearer(row.scopes | {"read"}))


@pytest.mark.parametrize("who", WITH_A_ROLE)
def test_nobody_decides_or_administers_without_the_factor_they_need(
    who: str, settings: Settings
) -> None:
    visitor, wrong = Watched(who), []
    settings.MFA_REQUIRED = "deciders"
    for route, row, whose in by_role_alone(who):
        for way, answer in visits(visitor, route, row, whose):
            if answer != SAYS_NO.get(row.name, "x") or visitor.recorded:
                wrong.append(f"{row.name} {whose} by {way}: {answer}, {visitor.recorded} events")
            visitor.recorded = 0
    assert wrong == []


@pytest.mark.parametrize("who", WITH_A_ROLE)
def test_with_the_factor_they_get_what_the_table_says(who: str, settings: Settings) -> None:
    visitor, wrong = Watched(who), []
    visitor.set_up_a_factor()
    settings.MFA_REQUIRED = "deciders"
    for route, row, whose in by_role_alone(who):
        expected = row.expects(who, whose)
        for way, answer in visits(visitor, route, row, whose):
            if answer != expected:
                wrong.append(f"{row.name} {whose} by {way}: {answer} instead of {expected}")
    assert wrong == []


def test_what_takes_a_factor_is_found() -> None:
    found = {who: {row.name for _, row, _ in by_role_alone(who)} for who in WITH_A_ROLE}
    assert {"PUT /clusters/<name>/settings/", "POST team-role", "POST owners"} <= found["admin"]
    assert {"POST /requests/<pk>/approve/", "POST /delegations/"} <= found["approver"]
    assert len(found["admin"]) > 60
    assert found["admin"] == found["superuser"]
