"""`make bench-pages`: how fast the pages are with 100,000 grants and 1,000,000 audit events.

Fills a database, asks each page 20 times as an admin, an approver of a few namespaces and a
developer, prints one table and writes `var/bench/pages.json`. Pages that lose are printed like
those that win. With EGRESS_TEST_POSTGRES_URL, and on SQLite, a database that was filled before is
used again.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.child import run
from tests.benchmarks.grounds import ROOT
from tests.benchmarks.machine import facts
from tests.benchmarks.rows import Options, Row, table
from tests.servers import postgres_server


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--grants", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=20, help="how often each page is asked")
    parser.add_argument("--only", default="", help="pages whose viewer and name contain this")
    parser.add_argument("--json", type=Path, default=ROOT / "var/bench/pages.json")
    return parser.parse_args(given)


@contextmanager
def _database(kind: str, keep: Path) -> Iterator[dict[str, str]]:
    """Yield the settings of the database; that of SQLite stays in the folder `keep`."""
    if kind == "sqlite":
        keep.mkdir(parents=True, exist_ok=True)
        yield {"EGRESS_DATABASE_URL": f"sqlite:///{keep / 'portal.sqlite3'}"}
        return
    with postgres_server() as url:
        yield {"EGRESS_DATABASE_URL": url}


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0, won or lost."""
    asked = _arguments(given)
    options = Options(
        runs=asked.runs,
        sizes=(asked.grants, asked.events),
        database=asked.database,
        only=asked.only,
    )
    keep = asked.json.resolve().parent / f"pages-{asked.grants}-{asked.events}"
    machine = facts()
    with (
        tempfile.TemporaryDirectory(prefix="egress-bench-") as folder,
        _database(asked.database, keep) as settings,
    ):
        # Without the demo, a database in which people work is refused.
        settings |= {"EGRESS_DEMO": "no"}
        # One person asks more often here than any program may.
        settings |= {"EGRESS_API_CALLS_A_MINUTE": "0"}
        given_on = replace(options, folder=folder)
        found = run("tests.benchmarks.pages_process", "pages", given_on, settings)
    rows = [Row(**row) for row in found]
    lost = sum(row.is_reached is False for row in rows)
    print(f"\n{machine['cores']} cores of {machine['cpu']}, {asked.database}")
    print(f"{asked.grants:,} grants, {asked.events:,} events; p50 / p95 of {asked.runs}\n")
    print(table(rows))
    print(f"\n{len(rows) - lost} of {len(rows)} reach their target.")
    _write(
        asked.json, {"machine": machine, "options": vars(asked) | {"json": str(asked.json)}}, rows
    )
    return 0


def _write(path: Path, head: dict[str, object], rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {**head, "rows": [row.as_json() for row in rows]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {path}")


if __name__ == "__main__":
    sys.exit(main())
