"""P11: the database goes away in the middle of deliveries; nothing is written without intent."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.db import OperationalError, connection, connections
from django.db.backends.signals import connection_created
from django.test import override_settings

from egress.sandbox.store import Event
from egress.sandbox.users import PORTAL
from egress.services import posture
from egress.services.convergence import queue, stopping
from egress.worker import Loops
from tests.faults.cluster_checks import ledger_against_audit, waited_for
from tests.faults.grounds import broken_chain
from tests.faults.stage import Stage, stage
from tests.faults.suite import Outcome, Run, Suite

APPLIES = 25
TROUBLE_SECONDS = 3.0
HEALED_WITHIN = 40.0
LATENCY = 0.004
NO_LIMIT = 1_073_741_823
"""SQLite's own bound on the pages of a file, when nobody sets another."""
INTENDED = """
    SELECT count(*) FROM egress_deliverystep WHERE kind = {0} AND namespace = {0} AND name = {0}
"""
Query = Callable[[str, Sequence[Any]], int]


class Outage(Suite):
    """The real loops of a worker, while its database is taken away again and again."""

    promises = ("P11", "P26")
    limit = 150.0

    def __init__(self, database: str, troubles: Sequence[str], rounds: int) -> None:
        self.name = f"outage-{database}"
        self.database = database
        self.needs = ("PostgreSQL",) if database == "postgres" else ()
        self.title = f"No write without committed intent while {database} goes away; it heals"
        self.target = rounds * len(troubles) * APPLIES
        self._cases = [f"{one}-{number}" for number in range(rounds) for one in troubles]

    def cases(self) -> Sequence[str]:
        """Return rounds of each trouble."""
        return self._cases

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Let failed attempts be made again soon, and SQLite not wait for half a minute."""
        options = connections.settings["default"].setdefault("OPTIONS", {})
        quick = {"timeout": 0.2} if self.database == "sqlite" else {}
        with (
            mock.patch.dict(options, quick),
            mock.patch.object(queue, "FIRST_DELAY", 0.5),
            mock.patch.object(queue, "LONGEST_DELAY", 2.0),
            # The cluster has no istiod, which a look at its posture would hold against it.
            mock.patch.object(posture, "look_where_due", return_value=None),
            override_settings(SWEEP_SECONDS=0.2, LEASE_SECONDS=3.0, CALL_TIMEOUT_SECONDS=1.0),
        ):
            connection.close()
            yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Approve, take the database away while workers deliver, give it back, and look."""
    outcome = Outcome(injected=APPLIES)
    trouble = TROUBLES[case.rpartition("-")[0]]
    with ExitStack() as stack:
        scene = stack.enter_context(stage(over_http=True, latency=LATENCY))
        query = stack.enter_context(witness())
        for number in range(APPLIES):
            scene.world.approve(f"api-{number}.example.com", ("shop", "data")[number % 2])
        scene.store.listen(partial(require_intent, query, outcome.violations))
        loops = Loops()
        stack.callback(stopping.forget)
        stack.callback(loops.stop)
        began = time.monotonic()
        count = trouble(chance, loops.start)
        given_back = time.monotonic()
        is_healed = waited_for(lambda: all_active(query), HEALED_WITHIN)
        outcome.figures = {
            "interruptions": count,
            "healed after s": round(time.monotonic() - given_back, 1),
            "seconds": round(time.monotonic() - began, 1),
        }
        if not is_healed:
            outcome.violations.append(f"Not all grants were active after {HEALED_WITHIN} s.")
        dead = [name for name, thread in loops._threads.items() if not thread.is_alive()]
        outcome.violations += [f"The loop {name} has ended." for name in dead]
        loops.stop()
        outcome.violations += checked_at_the_end(scene)
    return outcome


def checked_at_the_end(scene: Stage) -> list[str]:
    """Return what is wrong with the cluster and the records after the workers ended."""
    connection.close()
    found = []
    if len(scene.world.hosts("shop") | scene.world.hosts("data")) != APPLIES:
        found.append("The cluster does not open what was granted.")
    return found + ledger_against_audit(scene) + broken_chain()


def require_intent(query: Query, violations: list[str], event: Event) -> None:
    """Note a write of the portal that nobody can read the intent of at that moment."""
    record = event.record
    manager = record.obj["metadata"].get("managedFields") or [{}]
    if manager[0].get("manager") != "egress-portal" or record.kind.kind == "Namespace":
        return
    key = (record.kind.kind, record.namespace, record.name)
    if not query(INTENDED, key):
        violations.append(f"{key} was written by {PORTAL.name} without a committed intent.")


def all_active(query: Query) -> bool:
    """Tell whether every grant is in force and nothing is left to do."""
    waiting = query("SELECT count(*) FROM egress_grant WHERE status <> {0}", ("active",))
    return not waiting and not query("SELECT count(*) FROM egress_slice WHERE wanted > done", ())


@contextmanager
def witness() -> Iterator[Query]:
    """Yield a way to count what is committed, over a connection that no trouble meets."""
    guard = threading.Lock()
    if connection.vendor == "sqlite":
        path = str(connection.settings_dict["NAME"])
        raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False, timeout=20)

        def ask(statement: str, values: Sequence[Any]) -> int:
            with guard:
                return int(raw.execute(statement.format("?"), list(values)).fetchone()[0])
    else:
        raw_postgres = psycopg.connect(**own(), autocommit=True)

        def ask(statement: str, values: Sequence[Any]) -> int:
            with guard:
                text = statement.format("%s").encode()
                row = raw_postgres.execute(text, list(values)).fetchone()
                return int(row[0]) if row else 0

    try:
        yield ask
    finally:
        (raw if connection.vendor == "sqlite" else raw_postgres).close()


def own(database: str = "") -> dict[str, Any]:
    """Return how to reach PostgreSQL under a name that troubles spare."""
    known = connection.settings_dict
    return {
        "host": known["HOST"],
        "port": known["PORT"],
        "user": known["USER"],
        "password": known["PASSWORD"],
        "dbname": database or known["NAME"],
        "application_name": "fault-suite",
    }


def pauses(chance: random.Random, least: float, most: float) -> Iterator[None]:
    """Yield again and again for some seconds, with pauses of random length."""
    pause, until = threading.Event(), time.monotonic() + TROUBLE_SECONDS
    while time.monotonic() < until:
        pause.wait(chance.uniform(least, most))
        yield


END_SESSIONS = b"""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = %s AND application_name <> 'fault-suite'
"""


def terminate(chance: random.Random, begin: Callable[[], None]) -> int:
    """End all sessions of the portal every 50 to 200 ms."""
    begin()
    ended, name = 0, connection.settings_dict["NAME"]
    with psycopg.connect(**own("template1"), autocommit=True) as raw:
        for _ in pauses(chance, 0.05, 0.2):
            row = raw.execute(END_SESSIONS, [name]).fetchone()
            ended += int(row[0]) if row else 0
    return ended


def fail_over(chance: random.Random, begin: Callable[[], None]) -> int:
    """Let nobody connect for a while, as while another server takes over; twice."""
    begin()
    name, ended = connection.settings_dict["NAME"], 0
    with psycopg.connect(**own("template1"), autocommit=True) as raw:
        for _ in range(2):
            threading.Event().wait(chance.uniform(0.1, 0.6))
            raw.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            try:
                row = raw.execute(END_SESSIONS, [name]).fetchone()
                ended += int(row[0]) if row else 0
                threading.Event().wait(chance.uniform(0.5, 1.5))
            finally:
                raw.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    return ended


def lock(chance: random.Random, begin: Callable[[], None]) -> int:
    """Let another process hold the write lock of SQLite again and again."""
    begin()
    count = 0
    raw = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=5, isolation_level=None)
    for _ in pauses(chance, 0.02, 0.2):
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            continue
        threading.Event().wait(chance.uniform(0.1, 0.6))
        raw.execute("ROLLBACK")
        count += 1
    raw.close()
    return count


def fill_disk(chance: random.Random, begin: Callable[[], None]) -> int:
    """Let the file of SQLite not grow any more, for every connection that is made meanwhile."""
    refused, made = 0, list[Any]()

    def noting(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal refused
        try:
            return execute(*arguments)
        except OperationalError:
            refused += 1
            raise

    def connected(connection: Any, **_: Any) -> None:
        raw = connection.connection
        made.append(raw)
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages}")
        connection.execute_wrappers.append(noting)

    # What earlier cases left free would be room.
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    connection.close()
    connection_created.connect(connected, weak=False)
    try:
        begin()
        for _ in pauses(chance, 0.5, 1.0):
            pass
    finally:
        connection_created.disconnect(connected)
        for raw in made:
            # Closed ones need no room any more.
            with suppress(sqlite3.ProgrammingError):
                raw.execute(f"PRAGMA max_page_count={NO_LIMIT}")
    return refused


TROUBLES: dict[str, Callable[[random.Random, Callable[[], None]], int]] = {
    "terminated": terminate,
    "failed-over": fail_over,
    "locked": lock,
    "disk-full": fill_disk,
}
OUTAGE_POSTGRES = Outage("postgres", ("terminated", "failed-over"), 12)
OUTAGE_SQLITE = Outage("sqlite", ("locked", "disk-full"), 8)
