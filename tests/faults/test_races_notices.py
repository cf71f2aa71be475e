"""The races notice a portal in which two people can decide the same request."""

from datetime import datetime
from pathlib import Path

import pytest

from egress.domain.lifecycle import RequestStatus
from egress.models import Request
from egress.services.requests import decisions, finishing
from egress.services.requests.terms import Terms
from tests.faults.noticing import outcome_of
from tests.faults.suites import races

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def unconditional(
    request: Request, status: RequestStatus, terms: Terms, by: str, now: datetime
) -> None:
    """Decide without looking whether somebody else has."""
    Request.objects.filter(pk=request.pk).update(status=status, decided_at=now, decided_by=by)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(races, "ROUNDS", 5)


def test_a_portal_that_decides_once_passes(tmp_path: Path) -> None:
    outcome = outcome_of(races.RACES_SQLITE, "two-deny-0", tmp_path)
    assert (outcome.injected, outcome.violations) == (5, [])


def test_two_decisions_of_one_request_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "claim", lambda *_: None)
    monkeypatch.setattr(finishing, "_finish", unconditional)
    violations = outcome_of(races.RACES_SQLITE, "two-deny-0", tmp_path).violations
    assert any("2 contenders won" in one for one in violations), violations
    assert any("2 audit events" in one for one in violations), violations
