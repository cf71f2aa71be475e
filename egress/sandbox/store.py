"""All objects of the sandbox, their versions and what lately happened to them.

The store keeps; what a write must look like is decided by `writes`. One lock guards everything:
who reads and then writes holds it in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from egress.sandbox.errors import expired
from egress.sandbox.kinds import KINDS, Kind
from egress.sandbox.ledger import Author, Entry, Ledger
from egress.sandbox.persistence import StateFile
from egress.sandbox.records import Key, Record
from egress.sandbox.selectors import Requirement
from egress.sandbox.shelf import Shelf, sort_key

# A real cluster used its first versions for its own objects before anybody could ask for them.
FIRST_VERSION = 100
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it, in whole seconds."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


@dataclass(frozen=True)
class Event:
    """One change: `before` is None for a creation; `record` is the last state of a deleted one."""

    version: int
    type: str
    record: Record
    before: Record | None


class Store:
    """Objects with one increasing resourceVersion, an event history and a ledger of writes.

    `path` makes the store persistent in a SQLite file. `history` is the number of changes that
    watches and pages can go back. Raises StateUnusableError when the file cannot be used.
    """

    def __init__(
        self, path: Path | None = None, *, history: int = 20_000, clock: Clock = utc_now
    ) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.clock = clock
        self.ledger = Ledger()
        self.closed = False
        self._shelves = {kind.resource: Shelf() for kind in KINDS}
        self._listeners: list[Callable[[Event], None]] = []
        self._events: list[Event] = []
        self._facts: dict[str, str] = {}
        self._history = history
        self._file = StateFile(path) if path is not None else None
        self.version = self._load()
        self._floor = self.version

    def _load(self) -> int:
        if self._file is None:
            return FIRST_VERSION
        kinds = {kind.resource: kind for kind in KINDS}
        for resource, obj in self._file.objects():
            if resource in kinds:
                self._shelves[resource].put(Record(kinds[resource], obj))
        for entry in self._file.entries(keep=100_000):
            self.ledger.add(entry)
        return int(self._file.fact("version") or FIRST_VERSION)

    def now(self) -> str:
        """Return the current time as objects carry it."""
        return timestamp(self.clock())

    def fact(self, name: str, make: Callable[[], str]) -> str:
        """Return a text that stays the same for this store's life; `make` gives the first one."""
        with self.lock:
            if name not in self._facts:
                known = self._file.fact(name) if self._file is not None else None
                self._facts[name] = make() if known is None else known
                if self._file is not None and known is None:
                    self._file.set_fact(name, self._facts[name])
            return self._facts[name]

    def is_empty(self) -> bool:
        """Tell whether nothing was ever stored."""
        return self.version == FIRST_VERSION

    def get(self, kind: Kind, namespace: str, name: str) -> Record | None:
        """Return an object as it is now, or None."""
        return self._shelves[kind.resource].records.get((namespace, name))

    def records(
        self,
        kind: Kind,
        namespace: str = "",
        behind: str = "",
        labels: Sequence[Requirement] = (),
    ) -> list[Record]:
        """Return the objects of a kind in order, of all namespaces when none is named.

        `behind` is the key (`namespace/name`) after which to begin. Of those that do not meet
        `labels` some may be among them: only what an index tells is left out.
        """
        with self.lock:
            shelf = self._shelves[kind.resource]
            keys = shelf.selected(shelf.keys(namespace, behind), labels)
            return [shelf.records[_key_of(text)] for text in keys]

    def records_at(
        self, kind: Kind, namespace: str, version: int, behind: str = ""
    ) -> list[Record]:
        """Return the objects as they were at a version.

        Raises StatusError (410) when the history does not go back so far.
        """
        with self.lock:
            if version >= self._floor and version >= self._shelves[kind.resource].version:
                return self.records(kind, namespace, behind)
            past = {record.key: record for record in self.records(kind, namespace)}
            for event in reversed(self.events_after(version)):
                record = event.record
                if record.kind is not kind or (namespace and record.namespace != namespace):
                    continue
                past.pop(record.key, None)
                if event.before is not None:
                    past[record.key] = event.before
        return [past[key] for key in sorted(past, key=sort_key) if sort_key(key) > behind]

    def events_after(self, version: int) -> list[Event]:
        """Return the changes since a version, oldest first.

        Raises StatusError (410) when the history does not go back so far.
        """
        with self.lock:
            if version < self._floor:
                raise expired(f"too old resource version: {version} ({self._floor})")
            return self._events[max(0, version - self._floor) :]

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every change, under the lock and before the write is answered."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` no longer."""
        with self.lock:
            self._listeners.remove(listener)

    def put(self, kind: Kind, obj: dict[str, Any], author: Author) -> Record:
        """Store an object as its next version; `obj` gets that version and belongs to the store."""
        with self.lock:
            obj["metadata"]["resourceVersion"] = str(self.version + 1)
            record = Record(kind, obj)
            before = self.get(kind, *record.key)
            self._commit(
                Event(record.version, "MODIFIED" if before else "ADDED", record, before), author
            )
            return record

    def remove(self, record: Record, author: Author) -> Record:
        """Delete an object. Returns its last state, with the version of the deletion."""
        with self.lock:
            metadata = record.obj["metadata"] | {"resourceVersion": str(self.version + 1)}
            last = Record(record.kind, record.obj | {"metadata": metadata})
            self._commit(Event(last.version, "DELETED", last, record), author)
            return last

    def _commit(self, event: Event, author: Author) -> None:
        record, deleted = event.record, event.type == "DELETED"
        entry = Entry(
            event.version,
            self.now(),
            author.user,
            author.manager,
            author.verb,
            record.kind.resource,
            record.namespace,
            record.name,
            record.uid,
        )
        if self._file is not None:
            self._file.write(record, entry, deleted=deleted)
        shelf = self._shelves[record.kind.resource]
        if deleted:
            shelf.drop(record.key, event.version)
        else:
            shelf.put(record)
        self.version = event.version
        self.ledger.add(entry)
        self._remember(event)
        for listener in self._listeners:
            listener(event)
        self.lock.notify_all()

    def _remember(self, event: Event) -> None:
        self._events.append(event)
        # Trimming a quarter at a time keeps each write cheap.
        if len(self._events) > self._history + self._history // 4:
            surplus = len(self._events) - self._history
            del self._events[:surplus]
            self._floor += surplus

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Keep all writes of the block in the state file together; much faster for many writes.

        When the block fails the store in memory is ahead of its file: give the store up then.
        """
        with self.lock:
            if self._file is None:
                yield
                return
            with self._file.transaction():
                yield

    def close(self) -> None:
        """End all watches and close the state file; later writes fail."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
            self.lock.notify_all()
            if self._file is not None:
                self._file.close()


def _key_of(text: str) -> Key:
    namespace, _, name = text.partition("/")
    return namespace, name
