"""Runs the fault suites and prints what the promises came to.

Without --sample everything is run, going on where an earlier run of the same seed and commit
stopped; with --sample so many seconds are spent on cases drawn at random. CRASH_AT=<case> runs
one case alone, like --case.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.job import set_up_django
from tests.faults.jobs import SCALED, Board, run_works
from tests.faults.progress import ROOT, Progress, commit
from tests.faults.stores import stores
from tests.faults.suite import Suite
from tests.faults.table import Row, print_table, row_of
from tests.faults.works import plan
from tests.lanes import HOW_TO_GET, PRESENT

SEED = 20261121
"""The seed of whole runs, so that they can go on where they stopped."""
RESULTS = ROOT / "var" / "faults" / "results.jsonl"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--suite", action="append", default=[], help="a suite; may be repeated")
    parser.add_argument("--case", action="append", default=[], help="a case of that suite")
    parser.add_argument("--sample", type=float, metavar="SECONDS", help="draw cases at random")
    parser.add_argument("--seed", type=int, help="where the random numbers begin")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--again", action="store_true", help="forget what was run before")
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    parser.add_argument("--commit", help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    return parser.parse_args()


def missing(suite: Suite) -> list[str]:
    """Return what a suite needs and this machine lacks."""
    needs = (*suite.needs, *(("PostgreSQL",) if suite.database == "postgres" else ()))
    return sorted({name for name in needs if not PRESENT[name]()})


def main() -> int:
    """Run what is asked for on the command line. Returns the exit code."""
    asked = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="egress-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # The suites' modules import models: Django must be set up, with no database behind it.
        os.environ.update({**SCALED, "EGRESS_VAR_DIR": str(folder / "var")})
        (folder / "var").mkdir()
        set_up_django()
        from tests.faults.suites import SUITES, suite_named

        if asked.list:
            for suite in SUITES:
                print(f"{suite.name:<24} {','.join(suite.promises):<16} {suite.title}")
            return 0
        return run(asked, [suite_named(name) for name in asked.suite] or list(SUITES), folder)


def run(asked: argparse.Namespace, suites: Sequence[Suite], folder: Path) -> int:
    """Run suites and print the table. Returns the exit code."""
    cases = asked.case or [name for name in [os.environ.get("CRASH_AT")] if name]
    sampling, whole = asked.sample is not None, asked.sample is None and not cases
    seed = asked.seed if asked.seed is not None else SEED
    if sampling and asked.seed is None:
        seed = random.SystemRandom().randrange(1_000_000)
    progress = Progress(
        asked.results if whole else folder / "results.jsonl", seed, asked.commit or commit()
    )
    if not asked.again:
        progress.load()
    absent = {suite.name: missing(suite) for suite in suites}
    able = [suite for suite in suites if not absent[suite.name]]
    print(f"seed {seed}, commit {progress.commit}, {len(able)} suites", flush=True)
    with stores(folder) as databases:
        works = plan(able, progress, asked.sample, asked.jobs, asked.again, cases)
        run_works(Board(works, progress, databases, folder), asked.jobs)
    rows = [row_of(suite, progress, ", ".join(absent[suite.name])) for suite in suites]
    print_table(rows, progress)
    return conclude(rows, whole=whole, absent=absent)


def conclude(rows: Sequence[Row], *, whole: bool, absent: dict[str, list[str]]) -> int:
    """Say what is wrong and return the exit code."""
    failed = any(row.violated for row in rows)
    for row in rows:
        if whole and not row.absent and row.fell_short:
            print(f"{row.suite.name}: {row.injected} of {row.suite.target} faults were injected.")
            failed = True
    for name in sorted({name for names in absent.values() for name in names}):
        print(f"absent: {name}. To get it: {HOW_TO_GET[name]}")
        failed |= os.environ.get("CI") == "true"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
