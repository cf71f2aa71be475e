"""A list of all writes that the store kept, written by nobody else than the store itself.

Tests and the demo hold the portal's own records against it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Author:
    """Who writes and how, as the ledger names it. `verb` is that of the request."""

    user: str
    manager: str
    verb: str


@dataclass(frozen=True)
class Entry:
    """One kept write. `rv` is the resourceVersion it made, `time` RFC 3339 in UTC."""

    rv: int
    time: str
    user: str
    manager: str
    verb: str
    kind: str
    namespace: str
    name: str
    uid: str

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it is answered at `/sandbox/ledger`."""
        return asdict(self)


class Ledger:
    """The latest entries, oldest first. At most `keep` stay in memory."""

    def __init__(self, keep: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Keep an entry; beyond the bound the oldest is forgotten."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, *, after: int = 0, limit: int = 0) -> list[Entry]:
        """Return entries with a resourceVersion above `after`; `limit` 0 means all."""
        with self._lock:
            found = [entry for entry in self._entries if entry.rv > after]
        return found[:limit] if limit else found
