"""Access ends, and not too late."""

from datetime import timedelta

import pytest

from egress.domain.policies import Level, Limits
from tests.domain.examples import findings, reasons, to

LIMITS = Limits(max_duration=timedelta(days=30), default_duration=timedelta(days=7))


def judged(duration: timedelta | None, limits: Limits = LIMITS) -> set[str]:
    """Reasons that refuse a duration."""
    return reasons(findings(to("a.example.com"), duration=duration, limits=limits), Level.BLOCK)


@pytest.mark.parametrize("duration", [timedelta(seconds=1), timedelta(days=7), timedelta(days=30)])
def test_a_duration_within_the_limit_is_accepted(duration: timedelta) -> None:
    assert judged(duration) == set()


def test_a_longer_duration_is_refused_and_the_limit_named() -> None:
    found = findings(to("a.example.com"), duration=timedelta(days=30, seconds=1), limits=LIMITS)
    (finding,) = (f for f in found if f.reason == "DurationTooLong")
    assert finding.field == "duration"
    assert "at most 30 days" in finding.message


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(days=-1)])
def test_no_time_at_all_is_refused(duration: timedelta) -> None:
    assert judged(duration) == {"DurationNotPositive"}


def test_no_end_date_is_refused_unless_the_installation_allows_it() -> None:
    assert judged(None) == {"EndDateRequired"}
    assert judged(None, Limits(unlimited_allowed=True)) == set()
