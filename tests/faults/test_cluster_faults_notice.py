"""The suites of cluster faults notice a portal that breaks its promises."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from unittest import mock

import pytest

from egress.cluster.errors import ClusterError
from egress.services.convergence.clock import ClockWatch
from tests.faults.suite import Outcome, Suite, randomness
from tests.faults.suites.api_faults import API_FAULTS
from tests.faults.suites.brake import BRAKE
from tests.faults.suites.clocks import CLOCKS
from tests.faults.suites.drift import DRIFTS, IDLE
from tests.faults.suites.foreign import FOREIGN
from tests.faults.suites.half_bundles import HALF_BUNDLES
from tests.faults.suites.outage import OUTAGE_SQLITE

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.django_db(transaction=True),
]
CONVERGENCE = "egress.services.convergence"
Broken = Callable[[], AbstractContextManager[object]]


def outcome_of(suite: Suite, case: str, folder: Path) -> Outcome:
    with suite.opened(folder) as run:
        return run(case, randomness(1, suite.name, case))


def believes_any_clock() -> AbstractContextManager[object]:
    def now(_: ClockWatch, now: datetime, __: float) -> datetime:
        return now

    return mock.patch.object(ClockWatch, "trusted", now)


BROKEN: dict[str, tuple[Suite, str, Broken, str]] = {
    "calls failures what may have happened": (
        API_FAULTS,
        "late@ServiceEntry",
        lambda: mock.patch.object(
            ClusterError, "outcome_unknown", property(lambda _: False, lambda _, __: None)
        ),
        "",
    ),
    "calls active what is closed": (
        HALF_BUNDLES,
        "gateway-http/create/403",
        lambda: mock.patch(f"{CONVERGENCE}.closing.keys_of", return_value=frozenset()),
        "is called active",
    ),
    "takes what others wrote for its own": (
        FOREIGN,
        "ServiceEntry/unlabelled/revoke/other",
        lambda: mock.patch("egress.domain.plan._is_ours", return_value=True),
        "foreign object",
    ),
    "sees no drift": (
        DRIFTS,
        "sidecar/heal/0",
        lambda: mock.patch(f"{CONVERGENCE}.sweep.drift.search", return_value=0),
        "nobody is told",
    ),
    "sees drift everywhere": (
        IDLE,
        "sidecar/0",
        lambda: mock.patch(f"{CONVERGENCE}.sweep.drift.search", return_value=1),
        "alarms",
    ),
    "has no brake": (
        BRAKE,
        "grants-lost",
        lambda: mock.patch(f"{CONVERGENCE}.brake.unexplained", return_value=frozenset()),
        "objects were removed",
    ),
    "believes any clock": (
        CLOCKS,
        "forward-3600-and-returns",
        believes_any_clock,
        "closed before its end",
    ),
    "has loops that die": (
        OUTAGE_SQLITE,
        "locked-0",
        lambda: mock.patch("egress.worker.run_round", lambda _, once: once()),
        "has ended",
    ),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("name", BROKEN)
def test_a_suite_notices_a_portal_that(name: str, tmp_path: Path) -> None:
    suite, case, broken, told = BROKEN[name]
    with broken():
        outcome = outcome_of(suite, case, tmp_path)
    assert any(told in sentence for sentence in outcome.violations), outcome.violations


@pytest.mark.parametrize("suite", [API_FAULTS, HALF_BUNDLES, FOREIGN, BRAKE], ids=lambda s: s.name)
def test_a_portal_that_is_sound_is_called_so(suite: Suite, tmp_path: Path) -> None:
    case = suite.cases()[0]
    assert outcome_of(suite, case, tmp_path).violations == []
