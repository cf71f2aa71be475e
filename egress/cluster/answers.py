"""Turn what an API server said, or did not say, into a definite `ClusterError`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind
from egress.cluster.transport import Answer, TransportError

MAX_DETAIL = 400
"""Characters of a server's own words that are kept."""
MAX_RETRY_AFTER = 300.0

_SECRETS = re.compile(
    r"-----BEGIN.*?(?:-----END[^-]*-----|$)|bearer\s+\S+|eyJ[\w-]{8,}(?:\.[\w-]+)*",
    re.IGNORECASE | re.DOTALL,
)

_FAULTS: Mapping[int, Fault] = {
    401: Fault.UNAUTHORIZED,
    403: Fault.FORBIDDEN,
    404: Fault.NOT_FOUND,
    408: Fault.TIMEOUT,
    409: Fault.CONFLICT,
    410: Fault.EXPIRED,
    429: Fault.TOO_MANY_REQUESTS,
}
_NEXT_STEPS: Mapping[Fault, str] = {
    Fault.UNAUTHORIZED: "Renew the credentials of the cluster.",
    Fault.FORBIDDEN: "Give the portal's account this right on the cluster.",
    Fault.CONFLICT: "Read the object again before deciding.",
    Fault.EXPIRED: "List again.",
}
_BEFORE_STORAGE = ("failed to create typed patch object", "failed calling webhook")


@dataclass(frozen=True)
class Deed:
    """What a call is for: words for messages, whether it may change something, until when.

    `until` is on the monotonic clock and holds for all requests of the deed together.
    """

    words: str
    writes: bool = False
    until: float = inf


def lost(error: TransportError, deed: Deed) -> ClusterError:
    """Return the error for a call that got no complete answer."""
    return ClusterError(
        f"Could not {deed.words}: {error.message}",
        error.fault,
        retryable=error.fault is not Fault.CREDENTIALS,
        outcome_unknown=deed.writes and error.sent,
    )


def refused(answer: Answer, deed: Deed, now: datetime | None = None) -> ClusterError:
    """Return the error for an answer that is not a success."""
    status = read_status(answer)
    return refused_with(answer.status, status, deed, retry_after_of(answer, now))


def refused_with(
    code: int, status: Mapping[str, Any], deed: Deed, retry_after: float | None = None
) -> ClusterError:
    """Return the error for a `Status` object that reports failure with this HTTP code."""
    detail = clean(str(status.get("message") or f"HTTP status {code}"))
    fault = _fault(code, status, detail)
    is_server_side = fault is Fault.SERVER or fault is Fault.TIMEOUT
    retryable = is_server_side or fault in (Fault.TOO_MANY_REQUESTS, Fault.EXPIRED)
    next_step = _NEXT_STEPS.get(fault, "")
    never_stored = any(words in detail for words in _BEFORE_STORAGE)
    return ClusterError(
        f"Could not {deed.words}: {detail.rstrip('.')}. {next_step}".rstrip(),
        fault,
        retryable=retryable,
        outcome_unknown=deed.writes and is_server_side and not never_stored,
        status=code,
        retry_after=retry_after,
    )


def malformed(deed: Deed, what: str, *, answered: int = 0) -> ClusterError:
    """Return the error for an answer that is not what the API promises."""
    return ClusterError(
        f"Could not {deed.words}: the answer {what}. Check that the address is an API server.",
        Fault.MALFORMED,
        retryable=True,
        outcome_unknown=deed.writes,
        status=answered,
    )


def read_object(answer: Answer, deed: Deed) -> dict[str, Any]:
    """Return the JSON object of a successful answer. Raises ClusterError(MALFORMED)."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise malformed(deed, "is not JSON", answered=answer.status) from None
    if not isinstance(document, dict):
        raise malformed(deed, "is not an object", answered=answer.status)
    return document


def read_status(answer: Answer) -> dict[str, Any]:
    """Return the `Status` of a refusal, empty when the body is something else."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    is_status = isinstance(document, dict) and document.get("kind") == "Status"
    return document if is_status else {}


def says_absent(answer: Answer, kind: Kind, name: str) -> bool:
    """Tell whether a 404 is about this object, and not about an unknown path or namespace."""
    status = read_status(answer)
    details = status.get("details")
    return (
        answer.status == 404
        and status.get("reason") == "NotFound"
        and isinstance(details, dict)
        and details.get("name") == name
        and details.get("kind") in (kind.plural, kind.kind)
    )


def clean(text: str) -> str:
    """Return a server's words in one line, without what looks like a secret, trimmed."""
    text = _SECRETS.sub("[hidden]", text[: 8 * MAX_DETAIL])
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 1]}…"


def _fault(code: int, status: Mapping[str, Any], detail: str) -> Fault:
    if code == 409 and status.get("reason") == "AlreadyExists":
        return Fault.ALREADY_EXISTS
    if code == 422 and _is_about_uid(status):
        return Fault.CONFLICT
    if code == 500 and detail.startswith("failed to create typed patch object"):
        return Fault.INVALID
    if code >= 500:
        return Fault.SERVER
    if 300 <= code < 400:
        return Fault.MALFORMED
    return _FAULTS.get(code, Fault.INVALID)


def _is_about_uid(status: Mapping[str, Any]) -> bool:
    """Tell whether a refusal says that another object has the name (metadata.uid immutable)."""
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return isinstance(causes, list) and any(
        isinstance(cause, dict) and cause.get("field") == "metadata.uid" for cause in causes
    )


def retry_after_of(answer: Answer, now: datetime | None = None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value) if value.isdecimal() else _seconds_until(value, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _seconds_until(value: str, now: datetime | None) -> float:
    moment = parsedate_to_datetime(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - (now or datetime.now(UTC))).total_seconds()
