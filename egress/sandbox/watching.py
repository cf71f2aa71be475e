"""Watches: the stream of changes that a caller asked for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.sandbox import gojson
from egress.sandbox.errors import StatusError
from egress.sandbox.forms import FULL, wanted_form
from egress.sandbox.kinds import Kind
from egress.sandbox.messages import Response
from egress.sandbox.reading import Query, first, number
from egress.sandbox.records import Record
from egress.sandbox.selectors import Selection, parse_selection
from egress.sandbox.store import Event, Store
from egress.sandbox.tables import META, partial, table

SHORTEST_DEFAULT = 1800
BOOKMARK_EVERY = 60.0
# How long a silent watch goes without giving its server a chance to see that the caller left.
TICK = 1.0
_TRUE = ("1", "true", "True", "t")


@dataclass(frozen=True)
class Watch:
    """What is watched and in which form. `seconds` is how long the watch lasts."""

    kind: Kind
    namespace: str
    selection: Selection
    form: str
    include: str
    bookmarks: bool
    seconds: float
    from_version: int | None
    initial: bool

    @classmethod
    def of(cls, kind: Kind, namespace: str, query: Query, accept: str) -> Watch:
        """Read a watch from a query. Raises StatusError (400)."""
        version = number(query, "resourceVersion")
        initial = first(query, "sendInitialEvents") in _TRUE
        seconds = number(query, "timeoutSeconds")
        return cls(
            kind,
            namespace,
            parse_selection(kind, query),
            wanted_form(accept),
            first(query, "includeObject") or "Metadata",
            first(query, "allowWatchBookmarks") in _TRUE,
            seconds or SHORTEST_DEFAULT + secrets.randbelow(SHORTEST_DEFAULT),
            None if initial or not version else version,
            initial,
        )


def watch(store: Store, wanted: Watch) -> Response:
    """Answer with a stream of events, one JSON object a line.

    The stream ends after its time, or when the store closes. Its empty parts say only that time
    passed. A version that is no longer kept gives one ERROR event, as the API server does.
    """
    return Response(200, {"Content-Type": "application/json"}, _Stream(store, wanted).lines())


class _Stream:
    def __init__(self, store: Store, wanted: Watch) -> None:
        self.store = store
        self.wanted = wanted
        self.matches = wanted.selection.matcher()
        self.headed = False
        self.version = 0

    def lines(self) -> Iterator[bytes]:
        ends = time.monotonic() + self.wanted.seconds
        try:
            yield from self._start()
            bookmark_due = time.monotonic() + BOOKMARK_EVERY
            while not self.store.closed and time.monotonic() < ends:
                events = self._next(min(TICK, ends - time.monotonic()))
                if not events:
                    yield b""
                for event in events:
                    yield from self._shown(event)
                if self.wanted.bookmarks and time.monotonic() >= bookmark_due:
                    yield self._bookmark()
                    bookmark_due = time.monotonic() + BOOKMARK_EVERY
            if self.wanted.bookmarks and not self.store.closed:
                yield self._bookmark()
        except StatusError as error:
            yield _line("ERROR", gojson.dumps(error.body()))

    def _start(self) -> Iterator[bytes]:
        if self.wanted.from_version is not None:
            self.version = self.wanted.from_version
            self.store.events_after(self.version)
            return
        with self.store.lock:
            self.version = self.store.version
            records = self.store.records(self.wanted.kind, self.wanted.namespace)
        for record in records:
            if self.matches is None or self.matches(record.obj):
                yield self._line("ADDED", record)
        if self.wanted.initial and self.wanted.bookmarks:
            yield self._bookmark({"annotations": {"k8s.io/initial-events-end": "true"}})

    def _next(self, patience: float) -> list[Event]:
        with self.store.lock:
            if self.store.version <= self.version and not self.store.closed:
                self.store.lock.wait(max(0.0, patience))
            # A version from the future is not there yet: it is waited for.
            if self.store.version <= self.version:
                return []
            events = self.store.events_after(self.version)
            self.version = self.store.version
            return events

    def _shown(self, event: Event) -> Iterator[bytes]:
        record, wanted = event.record, self.wanted
        if record.kind is not wanted.kind:
            return
        if wanted.namespace and record.namespace != wanted.namespace:
            return
        now, kind = self._fits(record), event.type
        before = event.before is not None and self._fits(event.before)
        if kind == "MODIFIED" and now != before:
            kind = "ADDED" if now else "DELETED"
        if now or before:
            yield self._line(kind, record)

    def _fits(self, record: Record) -> bool:
        return self.matches is None or self.matches(record.obj)

    def _line(self, kind: str, record: Record) -> bytes:
        if self.wanted.form == FULL:
            return _line(kind, record.encoded)
        if self.wanted.form == "Table":
            shown = table(
                record.kind,
                [record],
                {"resourceVersion": str(record.version)},
                self.store.clock(),
                headed=not self.headed,
                include=self.wanted.include,
            )
            self.headed = True
            return _line(kind, gojson.dumps(shown))
        return _line(kind, gojson.dumps(partial(record.obj)))

    def _bookmark(self, extra: Mapping[str, Any] | None = None) -> bytes:
        kind, form = self.wanted.kind, self.wanted.form
        metadata = {"resourceVersion": str(self.version), **(extra or {})}
        if form == "Table":
            body: dict[str, Any] = table(kind, [], metadata, self.store.clock(), headed=False)
            bare = {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata}
            body["rows"] = [{"cells": [], "object": bare}]
        elif form == FULL:
            body = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
        else:
            body = {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata}
        return _line("BOOKMARK", gojson.dumps(body))


def _line(kind: str, encoded: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + encoded + b"}\n"
