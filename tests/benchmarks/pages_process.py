"""The process that measures pages: it fills its database if need be, and asks as each viewer."""

import os
import sys
import time
from pathlib import Path
from typing import Any

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
        client = _client(viewer)
        for address in addresses(viewer):
            if options.only in f"{viewer} {address.name}":
                rows.append(_row(client, viewer, address.name, address.path, options.runs))
    return rows


def _client(viewer: str) -> Any:
    from django.test import Client

    from tests.benchmarks.addresses import person

    client = Client(SERVER_NAME="localhost")
    client.force_login(person(viewer), "egress.backend.PeopleBackend")
    return client


def _row(client: Any, viewer: str, name: str, path: str, runs: int) -> Row:
    queries = _queries(client, path)
    began = _cpu_seconds()
    taken = [_milliseconds(client, path) for _ in range(runs)]
    cpu = (_cpu_seconds() - began) * 1000 / runs
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


def _queries(client: Any, path: str) -> list[tuple[float, str]]:
    """Ask once to warm up and once to look: return each query with its seconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _milliseconds(client, path)
    with CaptureQueriesContext(connection) as captured:
        _milliseconds(client, path)
    return [(float(one["time"]), one["sql"][:600]) for one in captured.captured_queries]


def _cpu_seconds() -> float:
    """Return the time that this process and its database server computed so far.

    On a busy machine that says more than the time that passed. A server elsewhere counts for none.
    """
    from django.db import connection

    if connection.vendor != "postgresql":
        return time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not server.exists():
        return time.process_time()
    after_name = server.read_text().rpartition(")")[2].split()
    ticks = int(after_name[11]) + int(after_name[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _milliseconds(client: Any, path: str) -> float:
    began = time.perf_counter()
    response = client.get(path)
    if response.streaming:
        pieces = iter(response.streaming_content)
        for _ in range(CHUNKS):
            next(pieces, None)
    took = (time.perf_counter() - began) * 1000
    response.close()
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}.")
    return took


def _fill(options: Options) -> None:
    """Fill the database unless it is filled already."""
    from django.core.management import call_command

    from egress.management.seeding.company import CLUSTERS
    from egress.models import Cluster

    call_command("collectstatic", verbosity=0, interactive=False)
    if not Cluster.objects.filter(name=CLUSTERS[0][0]).exists():
        grants, events = options.sizes
        call_command("seed_large", grants=grants, events=events, stdout=sys.stderr)


def _load_as_the_server_does() -> None:
    """Do what `portal.wsgi` does before it answers."""
    from importlib import import_module

    from django.conf import settings

    from egress.domain.collecting import keep_what_is_loaded

    import_module(settings.ROOT_URLCONF)
    keep_what_is_loaded()


def main() -> int:
    """Fill and measure."""
    options = prepared()
    _fill(options)
    _load_as_the_server_does()
    answer([row.as_json() for row in measure(options)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
