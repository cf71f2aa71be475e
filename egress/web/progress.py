"""How far a request is, for the part of its page that asks again until nothing moves."""

from dataclasses import dataclass

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Request
from egress.selectors.grants import GrantProgress, progress

STOP_POLLING = 286
"""The status at which htmx stops polling, and still shows the answer."""
SECONDS_WHILE_APPLYING = 2
SECONDS_WHILE_FAILING = 10
SECONDS_WHILE_UNDECIDED = 5


@dataclass(frozen=True)
class ProgressView:
    """The state of a request and of its grants.

    `seconds` is the time until the page asks again. `is_stale` says that the rest of the page
    shows an older state than this part.
    """

    grants: list[GrantProgress]
    seen: str
    seconds: int
    is_settled: bool
    is_stale: bool = False


def progress_of(request: Request, seen: str = "") -> ProgressView:
    """Return how far the request is; `seen` is the state that the page was made for."""
    grants = progress(request) if request.status == RequestStatus.APPROVED else []
    state = f"{request.status}-{request.revision}"
    is_stale = bool(seen) and seen != state
    return ProgressView(
        grants=grants,
        seen=seen or state,
        seconds=_seconds(request, grants),
        is_settled=is_stale or not (request.is_pending or any(map(_is_moving, grants))),
        is_stale=is_stale,
    )


def _is_moving(entry: GrantProgress) -> bool:
    grant = entry.grant
    if grant.status == GrantStatus.PENDING:
        return True
    if grant.is_open:
        return bool(grant.failed_reason)
    was_there = grant.active_at is not None
    return was_there and not grant.is_live and grant.confirmed_at is None


def _seconds(request: Request, grants: list[GrantProgress]) -> int:
    if request.is_pending:
        return SECONDS_WHILE_UNDECIDED
    if any(entry.grant.failed_reason for entry in grants):
        return SECONDS_WHILE_FAILING
    return SECONDS_WHILE_APPLYING
