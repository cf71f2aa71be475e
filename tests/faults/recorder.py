"""Names every event of a process, and kills or stops the process at one of them.

An event is a commit, a write without a transaction, an HTTP request, or a message published or
acknowledged. Its name tells what and the how-manieth of this kind, like
`http POST serviceentries/shop dry#1`: the same in every run of the same code.
"""

import http.client
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from kombu.message import Message
from kombu.messaging import Producer

from egress.cluster.http_transport import HttpTransport

BEFORE, SENT, AFTER = "before", "sent", "after"
_WRITES = re.compile(r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)', re.I)
_VERSION = re.compile(r"/v\d\w*/")


@dataclass
class Recorder:
    """Tells each point a process passes, `EVENT:SIDE`, and sends it a signal at `kill_at`.

    `kill_at` is the name of a point, or the number of one (counted from 0) where the order of
    events may change from run to run.
    """

    tell: Callable[[Any], None]
    kill_at: str | int | None = None
    number: signal.Signals = signal.SIGKILL
    _counts: Counter[str] = field(default_factory=Counter)
    _points: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _own: threading.local = field(default_factory=threading.local)

    def begin(self, label: str) -> str:
        """Name an event that begins."""
        with self._guard:
            self._counts[label] += 1
            return f"{label}#{self._counts[label]}"

    def reach(self, event: str, side: str) -> None:
        """Note a point. Does not return when it is the one to die at."""
        point = f"{event}:{side}"
        with self._guard:
            number, self._points = self._points, self._points + 1
            is_the_one = self.kill_at in (point, number)
            self.tell({"point": point, **({"killed": True} if is_the_one else {})})
            if is_the_one:
                os.kill(os.getpid(), self.number)

    def around(self, label: str, call: Callable[[], Any]) -> Any:
        """Do something that is an event."""
        event = self.begin(label)
        self.reach(event, BEFORE)
        result = call()
        self.reach(event, AFTER)
        return result

    def statement(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """See every SQL statement: a write is an event of its own, or makes its commit one."""
        written = _WRITES.match(sql if isinstance(sql, str) else str(sql))
        if written is None:
            return execute(sql, params, many, context)
        if context["connection"].in_atomic_block:
            tables = self._tables(context["connection"])
            result = execute(sql, params, many, context)
            tables.append(written[1])
            return result
        return self.around(f"sql-write {written[1]}", lambda: execute(sql, params, many, context))

    def commit(self, connection: Any, call: Callable[[], Any]) -> Any:
        """See a commit; one of a transaction that wrote nothing is no event."""
        tables = self._tables(connection)
        first = next(iter(tables), "")
        tables.clear()
        return self.around(f"sql-commit {first}", call) if first else call()

    def forget(self, connection: Any) -> None:
        """See a rollback."""
        self._tables(connection).clear()

    def _tables(self, connection: Any) -> list[str]:
        known: dict[int, list[str]] = self._own.__dict__.setdefault("tables", {})
        return known.setdefault(id(connection), [])

    def request(self, method: str, path: str, query: Any, call: Callable[[], Any]) -> Any:
        """See an HTTP request of a transport."""
        outer = getattr(self._own, "request", None)
        event = self.begin(_label(method, path, query))
        self.reach(event, BEFORE)
        self._own.request = event
        try:
            result = call()
        finally:
            self._own.request = outer
        self.reach(event, AFTER)
        return result

    def sent(self) -> None:
        """See that all bytes of a request have left."""
        if event := getattr(self._own, "request", None):
            self.reach(event, SENT)


def _label(method: str, path: str, query: Any) -> str:
    short = _VERSION.split(path, maxsplit=1)[-1].replace("namespaces/", "", 1).strip("/")
    if "/" in short and path.count("namespaces/"):
        place, _, rest = short.partition("/")
        short = f"{rest.split('/')[0]}/{place}/{'/'.join(rest.split('/')[1:])}".rstrip("/")
    pairs = query.items() if hasattr(query, "items") else (query or ())
    dry = " dry" if any(name == "dryRun" for name, _ in pairs) else ""
    return f"http {method} {short}{dry}"


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Let a recorder see everything that this process does in the block."""

    def connected(sender: Any, connection: Any, **_: Any) -> None:
        if recorder.statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(recorder.statement)

    connections.close_all()
    with ExitStack() as stack:
        for owner, name, replacement in (
            *_database_seen(recorder),
            *_requests_seen(recorder),
            *_messages_seen(recorder),
        ):
            stack.enter_context(mock.patch.object(owner, name, replacement))
        connection_created.connect(connected, weak=False)
        stack.callback(connection_created.disconnect, connected)
        yield


Seen = list[tuple[Any, str, Callable[..., Any]]]
"""Owner, name, and what stands in for it."""


def _database_seen(recorder: Recorder) -> Seen:
    wrapper: Any = BaseDatabaseWrapper
    commit, rollback = wrapper._commit, wrapper._rollback

    def seen_commit(self: Any) -> Any:
        return recorder.commit(self, lambda: commit(self))

    def seen_rollback(self: Any) -> Any:
        recorder.forget(self)
        return rollback(self)

    return [
        (BaseDatabaseWrapper, "_commit", seen_commit),
        (BaseDatabaseWrapper, "_rollback", seen_rollback),
    ]


def _requests_seen(recorder: Recorder) -> Seen:
    send, stream = HttpTransport.request, HttpTransport.stream
    receive = http.client.HTTPConnection.getresponse

    def seen_request(self: Any, method: str, path: str, **more: Any) -> Any:
        def call() -> Any:
            return send(self, method, path, **more)

        return recorder.request(method, path, more.get("query"), call)

    def seen_stream(self: Any, path: str, **more: Any) -> Any:
        def call() -> Any:
            return stream(self, path, **more)

        return recorder.request("WATCH", path, more.get("query"), call)

    def seen_receive(self: Any, *args: Any, **more: Any) -> Any:
        recorder.sent()
        return receive(self, *args, **more)

    return [
        (HttpTransport, "request", seen_request),
        (HttpTransport, "stream", seen_stream),
        (http.client.HTTPConnection, "getresponse", seen_receive),
    ]


def _messages_seen(recorder: Recorder) -> Seen:
    publish: Any = Producer.publish
    ack: Any = Message.ack

    def seen_publish(self: Any, *args: Any, **more: Any) -> Any:
        return recorder.around("publish", lambda: publish(self, *args, **more))

    def seen_ack(self: Any, *args: Any, **more: Any) -> Any:
        return recorder.around("ack", lambda: ack(self, *args, **more))

    return [(Producer, "publish", seen_publish), (Message, "ack", seen_ack)]
