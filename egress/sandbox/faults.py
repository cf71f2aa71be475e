"""Faults that a test can switch on in the HTTP server: what networks and servers really do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from egress.sandbox.messages import Request, Response, json_response

ANSWER = "answer"
DROP = "drop"
LOSE = "lose"
HANG = "hang"
RESET = "reset"
DRIP = "drip"
CUT = "cut"
GARBLE = "garble"
STALL = "stall"
STALE = "stale"
ACTS = ("", ANSWER, DROP, LOSE, HANG, RESET, DRIP, CUT, GARBLE, STALL, STALE)


@dataclass(frozen=True)
class Fault:
    """What happens to one request. `delay` comes first, in seconds.

    Nothing is done for `answer` (gives `response` instead), `drop` (closes the connection),
    `reset` (closes it with a TCP reset) and `hang` (never answers while the caller stays). It is
    done for `lose` (closes without an answer), `drip` (answers one byte every `pace` seconds),
    `cut` (closes in the middle of the body), `garble` (the body ends in the middle, with a length
    that says so), `stall` (falls silent in the middle of the body) and `stale` (a list is the one
    of `behind` changes ago). The empty text only waits.
    """

    act: str = ""
    delay: float = 0.0
    response: Response | None = None
    pace: float = 1.0
    behind: int = 1


FaultOf = Callable[[Request], Fault | None]


def refusal(
    status: int,
    reason: str,
    message: str,
    *,
    retry_after: int | None = None,
    details: Mapping[str, object] | None = None,
) -> Fault:
    """Return a fault that answers with a Status, such as 429 or 503; `retry_after` in seconds."""
    body: dict[str, object] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status,
    }
    if details:
        body["details"] = dict(details)
    headers: Mapping[str, str] = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(ANSWER, response=json_response(status, body, headers=headers))


@dataclass
class FaultPlan:
    """Faults for the next requests, in order; each is used once."""

    faults: list[Fault] = field(default_factory=list)
    concerns: Callable[[Request], bool] = lambda _request: True

    def __call__(self, request: Request) -> Fault | None:
        """Return the fault for a request, or None."""
        if not self.faults or not self.concerns(request):
            return None
        return self.faults.pop(0)
