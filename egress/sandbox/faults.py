"""Faults that a test can switch on in the HTTP server: what networks and servers really do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from egress.sandbox.messages import Request, Response, json_response

ANSWER = "answer"
DROP = "drop"
LOSE = "lose"
HANG = "hang"


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    `act`: `answer` gives `response` and does nothing else; `drop` closes the connection before the
    request is done; `lose` does it and closes the connection without an answer; `hang` never
    answers while the caller stays; the empty text only waits. `delay` comes first, in seconds.
    """

    act: str = ""
    delay: float = 0.0
    response: Response | None = None


FaultOf = Callable[[Request], Fault | None]


def refusal(status: int, reason: str, message: str, *, retry_after: int | None = None) -> Fault:
    """Return a fault that answers with a Status, such as 429 or 503; `retry_after` in seconds."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status,
    }
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
