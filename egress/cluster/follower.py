"""Follow what happens in a cluster: list, watch, and list again when in doubt."""

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, Kind, ObjectList, WatchEvent
from egress.cluster.inventory import (
    INVENTORY_KINDS,
    InventorySnapshot,
    InventoryState,
    utc_now,
)

_ACCESS_KINDS = (kinds.NAMESPACE, kinds.SERVICE_ACCOUNT)
"""Kinds whose disappearance takes access away, and therefore must be certain."""


@dataclass(frozen=True)
class Pace:
    """How fast the follower works, in seconds.

    Additions are gathered for `batch`; a watch lasts `watch`; everything is listed again every
    `relist`; after trouble it waits `backoff`, doubling up to `max_backoff`; a list that misses
    something is repeated after `confirm`.
    """

    batch: float = 1.0
    watch: float = 60.0
    relist: float = 600.0
    backoff: float = 0.5
    max_backoff: float = 10.0
    confirm: float = 1.0


@dataclass(frozen=True)
class _News:
    """What a watching thread tells: a list, an event, trouble, or that all is well."""

    kind: Kind
    listed: ObjectList | None = None
    event: WatchEvent | None = None
    trouble: ClusterError | None = None


class InventoryFollower:
    """Yields a new snapshot whenever the inventory of a cluster has changed.

    Deletions are told at once, additions within a second, and what a list misses only after a
    second list has missed it too. `on_trouble` is called from the thread that iterates, for
    each failed call; following goes on by itself.
    """

    def __init__(
        self,
        gateway: ClusterGateway,
        *,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = utc_now,
        on_trouble: Callable[[ClusterError], None] | None = None,
        annotations: Collection[str] = (),
    ) -> None:
        self._gateway = gateway
        self._annotations = annotations
        self._pace = pace or Pace()
        self._clock = clock
        self._on_trouble = on_trouble

    def follow(self, stop: threading.Event) -> Iterator[InventorySnapshot]:
        """Yield snapshots until `stop` is set; the first as soon as all kinds are listed.

        A watch that is open when `stop` is set ends with the gateway's `close`, or by itself
        within `Pace.watch`; what it still sees is dropped.
        """
        inbox: queue.SimpleQueue[_News] = queue.SimpleQueue()
        ended = threading.Event()
        for kind in INVENTORY_KINDS:
            watcher = _Watcher(self._gateway, kind, self._pace, inbox.put, ended)
            name = f"egress-follow-{kind.plural}"
            threading.Thread(target=watcher.run, name=name, daemon=True).start()
        try:
            yield from self._gather(inbox, stop)
        finally:
            ended.set()

    def _gather(
        self, inbox: "queue.SimpleQueue[_News]", stop: threading.Event
    ) -> Iterator[InventorySnapshot]:
        state, batch = InventoryState(self._annotations), _Batch(self._pace.batch)
        stale_since: dict[str, datetime] = {}
        while not stop.is_set():
            try:
                news = inbox.get(timeout=batch.wait())
            except queue.Empty:
                pass
            else:
                self._note_trouble(news, stale_since)
                batch.add(*_take(state, news))
            if batch.is_due(quiet=inbox.empty()) and state.is_complete():
                batch.clear()
                yield state.snapshot(min([self._clock(), *stale_since.values()]), confirmed=True)

    def _note_trouble(self, news: _News, stale_since: dict[str, datetime]) -> None:
        if news.trouble is None:
            stale_since.pop(news.kind.plural, None)
            return
        stale_since.setdefault(news.kind.plural, self._clock())
        if self._on_trouble is not None:
            self._on_trouble(news.trouble)


class _Batch:
    """Decides when what has been gathered is told."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: float | None = None

    def add(self, changed: bool, urgent: bool) -> None:
        if changed:
            due = time.monotonic() + (0.0 if urgent else self._seconds)
            self._due = due if self._due is None else min(self._due, due)

    def is_due(self, *, quiet: bool) -> bool:
        """Tell whether to tell now; what is already waiting goes with it, within limits."""
        if self._due is None:
            return False
        return time.monotonic() >= self._due + (0.0 if quiet else self._seconds)

    def wait(self) -> float:
        """Return for how many seconds to wait for news, at most half a second."""
        return 0.5 if self._due is None else min(0.5, max(0.0, self._due - time.monotonic()))

    def clear(self) -> None:
        self._due = None


def _take(state: InventoryState, news: _News) -> tuple[bool, bool]:
    """Put news into the state. Return whether something changed, and whether it is urgent."""
    if news.listed is not None:
        state.replace(news.kind, news.listed.items, news.listed.resource_version)
        return True, True
    if news.event is None:
        return False, False
    if news.event.type == "BOOKMARK":
        state.pass_bookmark(news.kind, news.event.object)
        return False, False
    deleted = news.event.type == "DELETED"
    changed = state.change(news.kind, news.event.object, deleted=deleted)
    return changed, deleted and news.kind in _ACCESS_KINDS


@dataclass
class _Watcher:
    """Lists and watches one kind in a thread of its own."""

    gateway: ClusterGateway
    kind: Kind
    pace: Pace
    tell: Callable[[_News], None]
    ended: threading.Event
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    version: str = ""
    relist_at: float = 0.0

    def run(self) -> None:
        delay = self.pace.backoff
        while not self.ended.is_set():
            started = time.monotonic()
            try:
                if not self.version or started >= self.relist_at:
                    self._list()
                self._watch()
            except ClusterError as error:
                if error.fault is Fault.EXPIRED or not error.retryable:
                    self.version = ""
                self.tell(_News(self.kind, trouble=error))
                self.ended.wait(max(delay, error.retry_after or 0.0))
                delay = min(delay * 2, self.pace.max_backoff)
            else:
                self.tell(_News(self.kind))
                delay = self.pace.backoff
                if time.monotonic() - started < delay:
                    self.ended.wait(delay)

    def _list(self) -> None:
        listed = self.gateway.list(self.kind)
        if self.kind in _ACCESS_KINDS:
            listed = self._confirm(listed)
        self.known, self.version = _identities(listed), listed.resource_version
        self.relist_at = time.monotonic() + self.pace.relist
        self.tell(_News(self.kind, listed=listed))

    def _confirm(self, listed: ObjectList) -> ObjectList:
        """Return a list of which all that is missing was missing in the list before it, too."""
        missing = self.known.items() - _identities(listed).items()
        while missing and not self.ended.wait(self.pace.confirm):
            listed = self.gateway.list(self.kind)
            still = self.known.items() - _identities(listed).items()
            if still <= missing:
                break
            missing = still
        return listed

    def _watch(self) -> None:
        seconds = max(1.0, min(self.pace.watch, self.relist_at - time.monotonic()))
        events = self.gateway.watch(self.kind, self.version, timeout=seconds)
        try:
            for event in events:
                if self.ended.is_set():
                    return
                self._remember(event)
                self.tell(_News(self.kind, event=event))
        finally:
            end = getattr(events, "close", None)
            if end is not None:
                end()

    def _remember(self, event: WatchEvent) -> None:
        metadata = event.object["metadata"]
        self.version = str(metadata.get("resourceVersion") or self.version)
        key = (str(metadata.get("namespace", "")), str(metadata.get("name", "")))
        if event.type == "DELETED":
            self.known.pop(key, None)
        elif event.type != "BOOKMARK":
            self.known[key] = str(metadata.get("uid", ""))


def _identities(listed: ObjectList) -> dict[tuple[str, str], str]:
    return {
        (str(item["metadata"].get("namespace", "")), str(item["metadata"]["name"])): str(
            item["metadata"].get("uid", "")
        )
        for item in listed.items
    }
