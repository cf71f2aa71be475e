"""Ages and cells as kubectl shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from egress.sandbox.store import timestamp
from egress.sandbox.tables import age, at_path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (30 * 3600, "30h"),
        (49 * 3600, "2d1h"),
        (9 * 86400, "9d"),
        (800 * 86400, "2y70d"),
    ],
)
def test_ages_are_short(seconds: int, text: str) -> None:
    assert age(timestamp(NOW - timedelta(seconds=seconds)), NOW) == text


def test_a_path_finds_names_conditions_and_items() -> None:
    obj = {
        "status": {
            "conditions": [{"type": "A", "status": "no"}, {"type": "B", "status": "yes"}],
            "addresses": [{"value": "x"}, {"value": "y"}],
        }
    }
    assert at_path(obj, '.status.conditions[?(@.type=="B")].status') == "yes"
    assert at_path(obj, ".status.addresses[*].value") == "x"
    assert at_path(obj, ".spec.absent") is None
    assert at_path(obj, '.status.conditions[?(@.type=="C")].status') is None
