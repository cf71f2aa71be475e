"""The store in one SQLite file, so that a restart, or a kill, changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from egress.sandbox.ledger import Entry
from egress.sandbox.records import Record

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
    rv INTEGER PRIMARY KEY, time TEXT NOT NULL, user TEXT NOT NULL, manager TEXT NOT NULL,
    verb TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL
);
"""
FORMAT = "1"
LEDGER_KEEP = 200_000
_TRIM_EVERY = 1000


class StateUnusableError(Exception):
    """The state file cannot be used; the text says why and what to do."""


class StateFile:
    """An open state file. One process uses it at a time; calls come under the store's lock."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        try:
            self._db = sqlite3.connect(
                path, timeout=1.0, check_same_thread=False, isolation_level=None
            )
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            # A commit in the log survives a killed process; only a power cut could lose the last.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)
            known = self.fact("format")
            if known is None:
                self.set_fact("format", FORMAT)
            elif known != FORMAT:
                raise StateUnusableError(
                    f'The state file "{path}" has the format "{known}", this program reads '
                    f'"{FORMAT}". Move it away to start with an empty sandbox.'
                )
        except sqlite3.Error as error:
            raise StateUnusableError(
                f'The state file "{path}" cannot be used ({error}). Is another sandbox running '
                "with it? Otherwise name another file or move this one away."
            ) from error

    def fact(self, name: str) -> str | None:
        """Return a kept fact, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def objects(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield every object with the name of its resource."""
        for resource, body in self._db.execute("SELECT resource, body FROM objects"):
            yield resource, json.loads(body)

    def entries(self, keep: int) -> list[Entry]:
        """Return the last `keep` entries of the ledger, oldest first."""
        rows = self._db.execute(
            "SELECT rv, time, user, manager, verb, kind, namespace, name, uid FROM ledger "
            "ORDER BY rv DESC LIMIT ?",
            (keep,),
        ).fetchall()
        return [Entry(*row) for row in reversed(rows)]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all writes of the block, or none of them. A block inside a block is part of it."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def write(self, record: Record, entry: Entry, *, deleted: bool) -> None:
        """Keep one write: the object, the version it made and its ledger entry, or nothing."""
        key = (record.kind.resource, record.namespace, record.name)
        execute = self._db.execute
        with self.transaction():
            if deleted:
                execute(
                    "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", key
                )
            else:
                execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)",
                    (*key, record.encoded.decode()),
                )
            self.set_fact("version", str(entry.rv))
            execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(entry))
            if entry.rv % _TRIM_EVERY == 0:
                execute("DELETE FROM ledger WHERE rv <= ?", (entry.rv - LEDGER_KEEP,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
