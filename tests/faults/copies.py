"""Databases and clusters as they were at the beginning of a run, copied in no time."""

import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection, connections

from egress.sandbox.api import SandboxApi
from egress.sandbox.controllers import INLINE
from egress.sandbox.kinds import KINDS
from egress.sandbox.records import Record
from egress.sandbox.server import SandboxServer
from egress.sandbox.store import Event, Store
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users
from tests.cluster.sandboxes import ADMIN_TOKEN, NOBODY_TOKEN, PORTAL_TOKEN
from tests.faults.processes import Tell, teller
from tests.faults.stores import run_sql


def users() -> Users:
    """Return the users of every sandbox of a fault suite."""
    return Users({ADMIN_TOKEN: ADMIN, PORTAL_TOKEN: PORTAL, NOBODY_TOKEN: NOBODY})


def use_database(name: str) -> None:
    """Let this process, and those it forks, work on another database of the same kind."""
    connections.close_all()
    connections.settings["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def database_name() -> str:
    """Return the database this process works on."""
    return str(connections.settings["default"]["NAME"])


def copy_database(source: str, target: str) -> str:
    """Copy a database that nobody is connected to; return the name of the copy.

    `target` is a path for SQLite and a name for PostgreSQL.
    """
    connections.close_all()
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal"):
            if Path(source + suffix).exists():
                shutil.copy(source + suffix, target + suffix)
        return target
    run_sql(_server(), f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
    return target


def drop_database(name: str) -> None:
    """Remove a database, whoever is connected to it."""
    connections.close_all()
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)
        return
    run_sql(_server(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _server() -> str:
    known = connections.settings["default"]
    user = quote(str(known["USER"]))
    secret = f":{quote(str(known['PASSWORD']))}" if known["PASSWORD"] else ""
    return f"postgresql://{user}{secret}@{known['HOST']}:{known['PORT']}/postgres"


@dataclass(frozen=True)
class Snapshot:
    """Everything in a sandbox at one moment."""

    version: int
    objects: tuple[tuple[str, dict[str, Any]], ...]

    @staticmethod
    def of(store: Store) -> "Snapshot":
        """Take the snapshot of a store."""
        with store.lock:
            objects = [(k.resource, record.obj) for k in KINDS for record in store.records(k)]
            return Snapshot(store.version, tuple(objects))

    def save(self, path: Path) -> None:
        """Write the snapshot to a file."""
        path.write_bytes(pickle.dumps((self.version, self.objects)))

    @staticmethod
    def load(path: Path) -> "Snapshot":
        """Read what `save` wrote."""
        return Snapshot(*pickle.loads(path.read_bytes()))

    def revived(self) -> Store:
        """Return a store that goes on from this snapshot."""
        store = Store(None)
        kinds = {kind.resource: kind for kind in KINDS}
        for resource, obj in self.objects:
            store._shelves[resource].put(Record(kinds[resource], obj))
        store.version = store._floor = self.version
        return store


def note_writes(store: Store, tell: Tell) -> None:
    """Tell every write the store keeps, with the whole object, before the write is answered."""

    def kept(event: Event) -> None:
        entry = store.ledger.entries(after=event.version - 1)[-1]
        tell(
            {
                **entry.as_json(),
                "at": time.time(),
                "deleted": event.type == "DELETED",
                "object": event.record.obj,
            }
        )

    store.listen(kept)


def serving(
    snapshot: Snapshot,
    port: int,
    writes: Path,
    arrange: Callable[[SandboxServer], None] | None = None,
) -> Callable[[Tell], None]:
    """Return the work of a process that is the cluster, and keeps its own ledger in a file.

    What istiod and Kubernetes do follows each write at once, so that every run is the same.
    """

    def serve(tell: Tell) -> None:
        store = snapshot.revived()
        note_writes(store, teller(writes))
        server = SandboxServer(SandboxApi(store, users(), controllers=INLINE), "127.0.0.1", port)
        if arrange:
            arrange(server)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        server.start()
        tell({"listening": server.port})
        threading.Event().wait()

    return serve
