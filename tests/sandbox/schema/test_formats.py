"""Durations and formats are read as the server reads them, not more kindly."""

from __future__ import annotations

import pytest

from egress.sandbox.schema.formats import fits, nanoseconds
from egress.sandbox.schema.node import RuleError

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5s", 5 * SECOND),
        ("1h1m1s", 3661 * SECOND),
        ("1.5s", 1.5 * SECOND),
        (".5s", 0.5 * SECOND),
        ("5.s", 5 * SECOND),
        ("1ms", 10**6),
        ("1us", 1000),
        ("1µs", 1000),
        ("1μs", 1000),
        ("7ns", 7),
        ("-2s", -2 * SECOND),
        ("+2s", 2 * SECOND),
        ("0", 0),
        ("-0", 0),
        ("2562047h", 2562047 * 3600 * SECOND),
    ],
)
def test_a_duration_has_a_length(text: str, length: float) -> None:
    assert nanoseconds(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "s",
        ".",
        ".s",
        "1d",
        "1 s",
        "5S",
        "1e3s",
        "--1s",
        "1s1",
        "a",
        "2562048h",
        "1s\n",
        "٣s",
    ],
)
def test_what_is_no_duration_is_an_error(text: str) -> None:
    with pytest.raises(RuleError, match=r"to 'google\.protobuf\.Duration'"):
        nanoseconds(text)


@pytest.mark.parametrize(
    ("form", "text", "right"),
    [
        ("date-time", "2026-11-21T10:00:00Z", True),
        ("date-time", "2026-11-21t10:00:00.123456789+01:00", True),
        ("date-time", "2026-02-30T10:00:00Z", False),
        ("date-time", "2026-11-21", False),
        ("date-time", "2026-11-21T25:00:00Z", False),
        ("byte", "aGVsbG8=", True),
        ("byte", "", False),
        ("byte", "aGVsbG8", False),
        ("byte", "a\nb=", False),
        ("ipv4", "192.0.2.1", True),
        ("ipv4", "2001:db8::1", False),
        ("ipv6", "2001:db8::1", True),
        ("ipv6", "fe80::1%eth0", False),
        ("something else", "a", True),
    ],
)
def test_a_format_is_checked(form: str, text: str, right: bool) -> None:
    assert fits(form, text) is right
