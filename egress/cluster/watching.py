"""Read the events of a watch from a stream of JSON lines."""

import json
from collections.abc import Iterator
from typing import Any

from egress.cluster.answers import Deed, lost, malformed, refused, refused_with
from egress.cluster.gateway import Kind, WatchEvent
from egress.cluster.transport import Stream, TransportError

MAX_LINE = 8 * 1024 * 1024
_TYPES = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK"})


def watch_events(stream: Stream, kind: Kind, deed: Deed) -> Iterator[WatchEvent]:
    """Yield the events of an open watch until the server ends it, and close it.

    Raises ClusterError: EXPIRED for a resourceVersion that is too old, MALFORMED for what is
    not an event, UNREACHABLE or TIMEOUT when the connection fails.
    """
    try:
        if stream.answer.status != 200:
            raise refused(stream.answer, deed)
        for line in _lines(stream, deed):
            yield _event(line, kind, deed)
    finally:
        stream.close()


def _lines(stream: Stream, deed: Deed) -> Iterator[bytes]:
    rest = b""
    try:
        for piece in stream.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_LINE:
                raise malformed(deed, "has an event that never ends")
            yield from (line for line in lines if line.strip())
    except TransportError as error:
        raise lost(error, deed) from error
    if rest.strip():
        raise malformed(deed, "broke off within an event")


def _event(line: bytes, kind: Kind, deed: Deed) -> WatchEvent:
    try:
        event: Any = json.loads(line)
        type_, obj = event["type"], event["object"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise malformed(deed, "is not an event") from None
    if type_ == "ERROR" and isinstance(obj, dict):
        code = obj.get("code")
        raise refused_with(code if isinstance(code, int) else 500, obj, deed)
    if (
        type_ not in _TYPES
        or not isinstance(obj, dict)
        or not isinstance(obj.get("metadata"), dict)
    ):
        raise malformed(deed, "is not an event")
    return WatchEvent(type_, {**obj, "apiVersion": kind.api_version, "kind": kind.kind})
