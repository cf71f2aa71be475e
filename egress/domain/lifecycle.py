"""The states of requests and grants, and the only moves between them."""

from collections.abc import Mapping
from enum import StrEnum


class RequestStatus(StrEnum):
    """Where a request stands. Decided once; every state but `pending` is final."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Verdict(StrEnum):
    """What an approver said of one destination of a request."""

    APPROVED = "approved"
    DENIED = "denied"


class GrantStatus(StrEnum):
    """Where a grant stands."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"
    LAPSED = "lapsed"


REQUEST_MOVES: Mapping[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.PENDING: frozenset(
        {
            RequestStatus.APPROVED,
            RequestStatus.DENIED,
            RequestStatus.WITHDRAWN,
            RequestStatus.LAPSED,
        }
    ),
    RequestStatus.APPROVED: frozenset(),
    RequestStatus.DENIED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
    RequestStatus.LAPSED: frozenset(),
}

GRANT_MOVES: Mapping[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.PENDING: frozenset(
        {GrantStatus.ACTIVE, GrantStatus.SUSPENDED, GrantStatus.REVOKED, GrantStatus.LAPSED}
    ),
    GrantStatus.ACTIVE: frozenset(
        {GrantStatus.EXPIRING, GrantStatus.SUSPENDED, GrantStatus.EXPIRED, GrantStatus.REVOKED}
    ),
    GrantStatus.EXPIRING: frozenset(
        {GrantStatus.ACTIVE, GrantStatus.SUSPENDED, GrantStatus.EXPIRED, GrantStatus.REVOKED}
    ),
    GrantStatus.SUSPENDED: frozenset(
        {GrantStatus.ACTIVE, GrantStatus.EXPIRED, GrantStatus.REVOKED, GrantStatus.LAPSED}
    ),
    GrantStatus.EXPIRED: frozenset(),
    GrantStatus.REVOKED: frozenset(),
    GrantStatus.LAPSED: frozenset(),
}

OPEN_GRANT_STATUSES = frozenset({GrantStatus.PENDING, GrantStatus.ACTIVE, GrantStatus.EXPIRING})
"""Grants that the cluster should carry: rendered, or about to be."""

LIVE_GRANT_STATUSES = OPEN_GRANT_STATUSES | {GrantStatus.SUSPENDED}
"""Grants that are not ended."""

ENDED_GRANT_STATUSES = frozenset(GrantStatus) - LIVE_GRANT_STATUSES


def grant_sources(target: GrantStatus) -> frozenset[GrantStatus]:
    """Return the states from which a grant may become `target`."""
    return frozenset(source for source, targets in GRANT_MOVES.items() if target in targets)
