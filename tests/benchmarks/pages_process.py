"""The process that measures pages: it fills its database if need be, and asks as each viewer."""

import os
import sys
import time
from pathlib import Path

from tests.benchmarks.child import answer, prepared
from tests.benchmarks.rows import Options, Row, percentile

MOST_MS, MOST_QUERIES = 100.0, 12
CHUNKS = 2
"""How much of a download is waited for: its header, and the first row."""


def measure(options: Options) -> list[Row]:
    """Return a row for each page and viewer."""
    from tests.benchmarks.addresses import VIEWERS, addresses

    rows = []
    for viewer in VIEWERS:
        visitor = Visitor(viewer)
        for address in addresses(viewer):
            if options.only in f"{viewer} {address.name}":
                rows.append(_row(visitor, viewer, address.name, address.path, options.runs))
    return rows


class Visitor:
    """Somebody signed in who asks the very application that the server runs.

    The client of Django's tests ties each answer to itself, so whole pages would wait for the
    garbage collection: much more of it than any server has.
    """

    def __init__(self, viewer: str) -> None:
        from django.test import Client, RequestFactory

        from portal.wsgi import application
        from tests.benchmarks.addresses import person

        client = Client()
        client.force_login(person(viewer), "egress.backend.PeopleBackend")
        self._application = application
        self._requests = RequestFactory(
            SERVER_NAME="localhost",
            HTTP_COOKIE=client.cookies.output(attrs=(), header="").strip(),
        )

    def milliseconds(self, path: str) -> float:
        """Ask for a page, return how long it took. Raises RuntimeError unless it is there."""
        environ = self._requests.get(path, secure=True).environ
        status: list[str] = []
        began = time.perf_counter()
        answer = self._application(environ, lambda line, headers, error=None: status.append(line))
        pieces = iter(answer)
        for _ in range(CHUNKS if getattr(answer, "streaming", False) else 1):
            next(pieces, None)
        took = (time.perf_counter() - began) * 1000
        answer.close()
        if status != ["200 OK"]:
            raise RuntimeError(f"{path} answered {status}.")
        return took


def _row(visitor: Visitor, viewer: str, name: str, path: str, runs: int) -> Row:
    queries = _queries(visitor, path)
    taken, computed = _measured(visitor, path, runs)
    cpu = computed * 1000 / runs
    half, most = percentile(taken, 0.5), percentile(taken, 0.95)
    return Row(
        viewer,
        name,
        f"{half:.0f} / {most:.0f} ms (CPU {cpu:.0f} ms), {len(queries)} queries",
        f"{MOST_MS:.0f} ms, {MOST_QUERIES} queries",
        most <= MOST_MS and len(queries) <= MOST_QUERIES,
        {
            "path": path,
            "p50_ms": round(half, 1),
            "p95_ms": round(most, 1),
            "cpu_ms": round(cpu, 1),
            "queries": len(queries),
            "slowest": sorted(queries, reverse=True)[:3],
        },
    )


def _queries(visitor: Visitor, path: str) -> list[tuple[float, str]]:
    """Ask once to warm up and once to look: return each query with its seconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    visitor.milliseconds(path)
    with CaptureQueriesContext(connection) as captured:
        visitor.milliseconds(path)
    return [(float(one["time"]), one["sql"][:600]) for one in captured.captured_queries]


def _measured(visitor: Visitor, path: str, runs: int) -> tuple[list[float], float]:
    """Ask so many times: return each time in milliseconds, and the seconds computed for all.

    Those are of this process and its database server, and say more than the time that passed on a
    busy machine. A server elsewhere counts for none. A connection that is renewed in between has
    a server of its own, so all is asked again then.
    """
    while True:
        server = _database_server()
        began = time.process_time() + _computed_by(server)
        taken = [visitor.milliseconds(path) for _ in range(runs)]
        if server == _database_server():
            return taken, time.process_time() + _computed_by(server) - began


def _database_server() -> Path | None:
    """Return where the system tells of the process behind the connection, None for none."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    return server if server.exists() else None


def _computed_by(server: Path | None) -> float:
    if server is None:
        return 0.0
    after_name = server.read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _fill(options: Options) -> None:
    """Fill the database unless it is filled already."""
    from django.core.management import call_command

    from egress.management.seeding.company import CLUSTERS
    from egress.models import Cluster

    call_command("collectstatic", verbosity=0, interactive=False)
    if not Cluster.objects.filter(name=CLUSTERS[0][0]).exists():
        grants, events = options.sizes
        call_command("seed_large", grants=grants, events=events, stdout=sys.stderr)


def main() -> int:
    """Fill and measure."""
    options = prepared()
    _fill(options)
    answer([row.as_json() for row in measure(options)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
