"""Text formats, durations and URLs as the server understands them."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from decimal import Decimal

from .node import RuleError

_DATE_TIME = re.compile(
    r"\d{4}-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)",
    re.ASCII,
)
# An empty text is no base64 to the server.
_BASE64 = re.compile(
    r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})", re.ASCII
)
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def fits(form: str, text: str) -> bool:
    """Return whether a text has a format; formats the server does not know fit always."""
    check = _CHECKS.get(form)
    return check is None or check(text)


def _date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


def is_ipv4(text: str) -> bool:
    """Return whether a text is an IPv4 address."""
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False


def is_ipv6(text: str) -> bool:
    """Return whether a text is an IPv6 address without a zone."""
    try:
        return "%" not in text and ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


_CHECKS = {"date-time": _date_time, "byte": _base64, "ipv4": is_ipv4, "ipv6": is_ipv6}


def nanoseconds(text: str) -> int:
    """Return the length of a duration such as `1h30m` or `.5s`.

    Raises `RuleError` for anything else: a number without a unit, a day, an empty text.
    """
    body = text[1:] if text[:1] in "+-" else text
    if body == "0":
        return 0
    total, position = 0, 0
    while position < len(body):
        part = _PART.match(body, position)
        if part is None:
            break
        total += int(Decimal(part[1]) * _UNITS[part[2]])
        position = part.end()
    if not body or position < len(body) or total >= 2**63:
        raise RuleError("type conversion error from 'string' to 'google.protobuf.Duration'")
    return -total if text[0] == "-" else total
