"""The hash chain of the audit trail, as pure functions.

Each event's hash covers the event, its number and the hash before it: whoever changes, removes,
inserts or reorders one has to forge all that follow, and the head is known elsewhere.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from egress.domain.objects import canonical_json

GENESIS = "0" * 64
"""The hash before the first event."""


@dataclass(frozen=True)
class ChainedEvent:
    """One stored event: its number (from 1, without gaps), both hashes and its content."""

    sequence: int
    previous: str
    hash: str
    event: Mapping[str, object]


@dataclass(frozen=True)
class ChainResult:
    """What `verify` found. `count` events are sound; the first unsound one has a reason.

    `head` is the hash of the last sound event.
    """

    ok: bool
    count: int
    first_bad_sequence: int | None = None
    reason: str = ""
    head: str = GENESIS


def event_hash(previous: str, sequence: int, event: Mapping[str, object]) -> str:
    """Return SHA-256 (64 hexadecimal digits) over canonical JSON of all three arguments.

    `event` holds text, whole numbers, booleans, None, lists and mappings with text keys; times are
    ISO 8601 text. Text is taken as it is, without Unicode normalisation. Raises ValueError for
    anything that has no single JSON spelling, such as floats and lone surrogates.
    """
    plain = dict(event)
    _check(plain)
    content = {"event": plain, "previous": previous, "sequence": sequence}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def verify(
    events: Iterable[ChainedEvent],
    *,
    start: tuple[int, str] = (0, GENESIS),
    head: tuple[int, str] | None = None,
) -> ChainResult:
    """Check a chain, reading `events` in the order of their numbers, one at a time.

    `start` is the (number, hash) of the event before the first one given. `head`, when known from
    elsewhere, is the (number, hash) that must be reached: only that shows a cut-off end.
    """
    last, previous = start
    count = 0
    for event in events:
        reason = _fault(event, last + 1, previous)
        if reason:
            return ChainResult(False, count, event.sequence, reason, previous)
        last, previous, count = event.sequence, event.hash, count + 1
    if head is not None and head != (last, previous):
        reason = f"The trail ends at event {last}, but its head is known to be event {head[0]}."
        if last == head[0]:
            reason = f"Event {last} is not the one that is known to be the head."
        return ChainResult(False, count, min(last + 1, head[0]), reason, previous)
    return ChainResult(True, count, head=previous)


def _fault(event: ChainedEvent, expected: int, previous: str) -> str:
    if event.sequence != expected:
        return f"Event {expected} is missing: event {event.sequence} stands in its place."
    if not hmac.compare_digest(event.previous.encode(), previous.encode()):
        return f"Event {event.sequence} does not follow the event before it."
    try:
        content_hash = event_hash(previous, event.sequence, event.event)
    except ValueError as error:
        return f"Event {event.sequence} cannot be read: {error}."
    if not hmac.compare_digest(event.hash.encode(), content_hash.encode()):
        return f"Event {event.sequence} was changed after it was written."
    return ""


def _check(value: object) -> None:
    if isinstance(value, dict):
        for name, below in value.items():
            if not isinstance(name, str):
                raise ValueError(f"the key {name!r} is no text")
            _check(name)
            _check(below)
    elif isinstance(value, list | tuple):
        for below in value:
            _check(below)
    elif isinstance(value, str):
        value.encode("utf-8")
    elif value is not None and not isinstance(value, bool | int):
        raise ValueError(f"{type(value).__name__} has no single JSON spelling")
