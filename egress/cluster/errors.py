"""What can go wrong between the portal and a Kubernetes API."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a call failed, in the few kinds that callers tell apart."""

    UNREACHABLE = "Unreachable"
    TIMEOUT = "Timeout"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    CONFLICT = "Conflict"
    INVALID = "Invalid"
    EXPIRED = "Expired"
    TOO_MANY_REQUESTS = "TooManyRequests"
    SERVER = "ServerError"
    MALFORMED = "Malformed"
    CREDENTIALS = "BadCredentials"


@dataclass(eq=False)
class ClusterError(Exception):
    """A call to a cluster that did not succeed.

    `message` is a sentence fit for people, trimmed, free of secrets. `retryable` tells whether
    the same call may succeed later without anybody changing anything. `outcome_unknown` is true
    for a write whose answer was lost: it may have happened, read before deciding.
    `retry_after` is in seconds, when the server named it. `status` is the HTTP status, or 0.
    """

    message: str
    fault: Fault
    retryable: bool = False
    outcome_unknown: bool = False
    status: int = 0
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.message
