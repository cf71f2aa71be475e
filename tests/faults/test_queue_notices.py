"""The suites of the bell and of the queue notice a portal that loses, or favours, somebody."""

from collections.abc import Collection, Iterable
from pathlib import Path

import pytest
from django.db import connection

from egress.services.convergence import turns
from tests.faults.noticing import outcome_of
from tests.faults.suites import bell, fairness

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.django_db(transaction=True),
]


def crowd_first(groups: Iterable[turns.Group], without: Collection[int] = ()) -> turns.Group | None:
    """Serve whoever has the most, as a plain queue does."""
    return max(groups, key=lambda group: group.tenant == "team-shop", default=None)


def test_the_fairness_suite_notices_a_queue_that_serves_the_crowd_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairness, "CROWD", {"small": 60})
    monkeypatch.setattr(fairness, "REVOKED", 1)
    monkeypatch.setattr(turns, "next_turn", crowd_first)
    violations = outcome_of(fairness.FAIRNESS, "small", tmp_path).violations
    assert any("The other team waited" in one for one in violations), violations


@pytest.mark.timeout(180)
def test_the_bell_suite_notices_a_worker_that_relies_on_its_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep of this worker comes once an hour: whatever the bell loses is lost."""
    if connection.vendor != "sqlite":
        pytest.skip("The queue of files goes with SQLite.")
    path = connection.settings_dict["NAME"]
    monkeypatch.setenv("EGRESS_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setattr(bell, "SWEEP_OF_FILES", "3600")
    # So many that the worker has gone to sleep before the last of them.
    monkeypatch.setattr(bell, "APPROVALS", 40)
    monkeypatch.setattr(bell, "APPLIED_SECONDS", 5.0)
    violations = outcome_of(bell.BELL_FILES, "away-0", tmp_path).violations
    assert any("is pending still" in one for one in violations), violations
