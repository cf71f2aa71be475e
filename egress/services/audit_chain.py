"""Check the whole audit trail, as fast as its text can be read.

A million events take minutes when each becomes objects first. Here the canonical JSON of an event
is put together from its columns as the database gives them, and hashed. What does not match goes
the slow way, through `egress.domain.chain`, which alone decides that an event is bad and why: a
row is accepted only when the hash of its own text is the one that is stored.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from egress.domain import chain
from egress.domain.objects import canonical_text
from egress.models import AuditCheck, AuditEvent, AuditHead

FACTS = (
    "at",
    "tag",
    "actor",
    "source",
    "request_id",
    "target",
    "target_id",
    "cluster",
    "namespace",
    "host",
    "message",
    "data",
)
"""The fields of an event that its hash covers, besides its number and the hash before it."""

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})\.?([0-9]{0,6})")
_SPELLED = {
    # As an expression SQLite gives it as it is stored: the portal's connection parses columns.
    "sqlite": {"at": "{} || ''"},
    "postgresql": {"at": "({} AT TIME ZONE 'UTC')::text", "data": "{}::text"},
}
_COLUMNS = ("sequence", "previous_hash", "hash", *FACTS)
_quoted = json.encoder.encode_basestring

Row = tuple[Any, ...]


def content_of(event: AuditEvent) -> dict[str, Any]:
    """Return what the hash of an event covers."""
    return _content(*(getattr(event, name) for name in FACTS))


def iso(at: datetime) -> str:
    """Return a time as the trail spells it: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def verify(batch: int = 2000) -> chain.ChainResult:
    """Check the whole chain against its head, reading `batch` events at a time.

    Finds events that were edited, dropped, put in another order, cut off at the end, or added
    past the services.
    """
    # Read in this order, so that events appended meanwhile do not look like forged ones.
    last = AuditEvent.objects.aggregate(last=Max("sequence"))["last"] or 0
    head = AuditHead.objects.filter(pk=1).first()
    if head is None:
        return chain.ChainResult(False, 0, 0, "The head of the trail is missing.")
    if last > head.sequence:
        reason = f"Event {head.sequence + 1} was added behind the head of the trail."
        return chain.ChainResult(False, 0, head.sequence + 1, reason)
    sound = _sound_beginning(_raw_rows(head.sequence, batch))
    if sound == (head.sequence, head.hash):
        return chain.ChainResult(True, sound[0], head=sound[1])
    rest = chain.verify(
        _chained(sound[0], head.sequence, batch), start=sound, head=(head.sequence, head.hash)
    )
    bad, reason = rest.first_bad_sequence, rest.reason
    return chain.ChainResult(rest.ok, sound[0] + rest.count, bad, reason, rest.head)


def verify_and_note() -> AuditCheck:
    """Check the chain and keep the result for the mark on the audit page."""
    result = verify()
    message = "" if result.ok else result.reason
    return AuditCheck.objects.create(
        checked_at=timezone.now(), events=result.count, valid=result.ok, message=message[:500]
    )


def _sound_beginning(rows: Iterable[Row]) -> tuple[int, str]:
    """Return the number and the hash of the last event before the first one in doubt."""
    number, known = 0, chain.GENESIS
    for row in rows:
        sequence, previous, digest = row[:3]
        if sequence != number + 1 or previous != known:
            break
        try:
            if hashlib.sha256(_text(row)).hexdigest() != digest:
                break
        except (TypeError, ValueError, StopIteration, RecursionError):
            break
        number, known = sequence, digest
    return number, known


def _text(row: Row) -> bytes:
    """Return the canonical JSON of an event. Raises ValueError or TypeError for an odd one."""
    sequence, previous, _, at, tag, actor, source, request_id, target, target_id, *others = row
    cluster, namespace, host, message, data = others
    time = _TIME.fullmatch(at)
    if time is None:
        raise ValueError(at)
    day, clock, fraction = time.groups()
    quote = _quoted
    # The order is the alphabet's, as everywhere in canonical JSON.
    return (
        f'{{"event":{{"actor":{quote(actor)},"at":"{day}T{clock}.{fraction:0<6}+00:00",'
        f'"cluster":{quote(cluster)},"data":{_data(data)},"host":{quote(host)},'
        f'"message":{quote(message)},"namespace":{quote(namespace)},'
        f'"request_id":{quote(request_id)},"source":{quote(source)},"tag":{quote(tag)},'
        f'"target":{quote(target)},"target_id":{quote(target_id)}}},'
        f'"previous":{quote(previous)},"sequence":{sequence:d}}}'
    ).encode()


def _data(text: str) -> str:
    if text == "{}":
        return text
    value, end = _scan(text, 0)
    if end != len(text):
        raise ValueError(text)
    return canonical_text(value)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} has no single JSON spelling")


# The decoder's own function: `decode` looks for blanks at both ends, which no database writes.
_decoder: Any = json.JSONDecoder(parse_float=_no_number, parse_constant=_no_number)
_scan: Callable[[str, int], tuple[object, int]] = _decoder.scan_once


def _raw_rows(until: int, batch: int) -> Iterator[Row]:
    """Yield the rows as text, in order: no time and no JSON is parsed on the way."""
    spelled = _SPELLED[connection.vendor]
    quote = connection.ops.quote_name
    names = [spelled.get(name, "{}").format(quote(name)) for name in _COLUMNS]
    table, order = quote(AuditEvent._meta.db_table), quote("sequence")
    statement = (
        f"SELECT {', '.join(names)} FROM {table} "  # noqa: S608 (names of our own columns)
        f"WHERE {order} > %s AND {order} <= %s ORDER BY {order}"
    )
    # Both ends are named: a database that has no statistics yet reads the whole table for each
    # batch when only its beginning is.
    for after in range(0, until, batch):
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement, [after, min(after + batch, until)])
            rows = cursor.fetchall()
        yield from rows


def _chained(after: int, until: int, batch: int) -> Iterator[chain.ChainedEvent]:
    rows = (
        AuditEvent.objects.filter(sequence__gt=after, sequence__lte=until)
        .order_by("sequence")
        .values_list(*_COLUMNS)
        .iterator(chunk_size=batch)
    )
    for sequence, previous, digest, *facts in rows:
        yield chain.ChainedEvent(sequence, previous, digest, _content(*facts))


def _content(at: datetime, *others: Any) -> dict[str, Any]:
    return {"at": iso(at), **dict(zip(FACTS[1:], others, strict=True))}
