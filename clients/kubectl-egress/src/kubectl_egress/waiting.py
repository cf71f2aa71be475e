"""Asks again and again until something is settled."""

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from kubectl_egress import output
from kubectl_egress.errors import Exit, Failure
from kubectl_egress.portal import Portal

GOALS = ("active", "decided", "gone")
_HOLDS = {"active": 20, "decided": 5}
"""Seconds for which the portal may hold an answer; it looks for access that is in force."""

_PAUSES = (0.5, 1.0, 2.0, 3.0, 5.0)
_LIVE = frozenset({"active", "expiring"})

clock = time.monotonic
pause = time.sleep
"""The clock and how to wait; tests put quicker ones here."""

PATIENCE = 10.0
"""Seconds that a failed delivery gets to mend itself: the portal tries again."""

State = tuple[bool, str]
"""Whether the goal is reached, and where things stand in a few words."""


class Waiting:
    """What was seen so far while waiting for one request or grant."""

    def __init__(self, name: str, goal: str, seconds: float) -> None:
        self.name, self.goal, self.seconds = name, goal, seconds
        self.deadline = clock() + seconds
        self.said = ""
        self.trouble: Failure | None = None
        self.troubled_at = 0.0

    def note(self, words: str) -> None:
        """Tell how it stands, each thing once."""
        if words != self.said:
            output.tell(f"{self.name}: {words}")
        self.said, self.trouble = words, None

    def endure(self, failure: Failure) -> None:
        """Keep a trouble that may pass. Raises it when it does not, and any that cannot."""
        if failure.exit_code not in (Exit.UNREACHABLE, Exit.REFUSED):
            raise failure
        now = clock()
        if self.trouble is None:
            self.troubled_at = now
            output.tell(f"{self.name}: {failure.message}")
        self.trouble = failure
        if failure.exit_code is Exit.REFUSED and now - self.troubled_at >= PATIENCE:
            raise failure

    def hold(self, attempt: int, timeout: float) -> int:
        """Return for how many seconds the portal may hold its answer; none to the first look."""
        most = min(_HOLDS.get(self.goal, 0), timeout / 2, self.deadline - clock())
        return int(most) if attempt else 0

    def rest(self, attempt: int, *, was_held: bool) -> None:
        """Wait a little, unless the portal did. Raises Failure when the time is over."""
        left = self.deadline - clock()
        if left > 0:
            if was_held:
                return
            pause(min(_PAUSES[min(attempt, len(_PAUSES) - 1)], left))
        elif self.trouble is not None:
            raise self.trouble
        else:
            message = f"{self.name} is not {self.goal} within {self.seconds:g} s: {self.said}."
            raise Failure(message, Exit.TIMEOUT)


def until(portal: Portal, reference: tuple[str, int], goal: str, seconds: float) -> dict[str, Any]:
    """Return a request or grant once it has reached `goal`.

    Raises Failure: NOT_GRANTED when it never will, REFUSED when the cluster does not take it,
    TIMEOUT after `seconds`, UNREACHABLE when the portal did not answer until then.
    """
    kind, number = reference
    waiting = Waiting(f"{kind}/{number}", goal, seconds)
    for attempt in count():
        was_held = False
        try:
            seconds = waiting.hold(attempt, portal.access.timeout)
            row, was_held = portal.look(f"{kind}s/{number}/", seconds)
            reached, words = _state(portal, kind, row, goal)
            if reached:
                return row
            waiting.note(words)
        except Failure as failure:
            waiting.endure(failure)
        waiting.rest(attempt, was_held=was_held)
    raise AssertionError("waiting ends by itself")


def _state(portal: Portal, kind: str, row: Mapping[str, Any], goal: str) -> State:
    if kind == "grant":
        return _of_grant(row, goal)
    status = row.get("status")
    if status == "pending":
        return False, "waits for a decision"
    if goal == "decided":
        return True, str(status)
    if status != "approved":
        if goal == "gone":
            return True, str(status)
        note = f": {row['decision_note']}" if row.get("decision_note") else ""
        by = f" by {row['decided_by']}" if row.get("decided_by") else ""
        raise Failure(f"request/{row['id']} is {status}{by}{note}", Exit.NOT_GRANTED)
    if goal == "active":
        _refuse_partial(row)
    numbers = row.get("grants") or [number for number in [row.get("renews")] if number]
    if not numbers:
        return False, "approved; you see no grant of it"
    states = [_of_grant(portal.get(f"grants/{number}/"), goal) for number in numbers]
    waiting = [words for reached, words in states if not reached]
    return not waiting, waiting[0] if waiting else str(status)


def _refuse_partial(row: Mapping[str, Any]) -> None:
    """Raise Failure when a destination was denied: who asked for three needs all three."""
    rows = row.get("destinations") or []
    denied = [output.destination(each) for each in rows if each.get("verdict") == "denied"]
    if denied:
        message = f"request/{row['id']} was approved without {', '.join(denied)}"
        note = row.get("decision_note")
        raise Failure(message, Exit.NOT_GRANTED, [str(note)] if note else [])


def _of_grant(row: Mapping[str, Any], goal: str) -> State:
    status, conditions = row.get("status"), row.get("conditions") or {}
    name = f"grant/{row.get('id')}"
    if goal == "gone":
        return bool(conditions.get("confirmed_gone")), f"{name} is {status}, not seen gone so far"
    if goal == "decided" or (status in _LIVE and conditions.get("applied")):
        return True, str(status)
    if status not in ("pending", *_LIVE):
        raise Failure(f"{name} is {status}", Exit.NOT_GRANTED)
    if conditions.get("failed_reason"):
        message = f"{name} is not applied: {conditions.get('failed_message')}"
        raise Failure(message, Exit.REFUSED, reason=str(conditions["failed_reason"]))
    return False, f"{name} is approved, not applied so far"
