"""Runs the tests lane by lane, prints the time of each, and names what was absent.

Two lanes run at a time: one that starts real processes and mostly waits for them, and one that
only computes, niced, in what that leaves of the processors. What a lane prints is shown when it
ends. A lane that needs something this machine lacks is left out with a word how to get it; with
`CI=true` that is a failure, because a lane nobody runs proves nothing.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests import prepared, servers

ROOT = Path(__file__).resolve().parent.parent
FAILED = "FAILED"
OUTSIDE = "not e2e and not browser and not faults and not slow"


@dataclass(frozen=True)
class Lane:
    """A named run of pytest, or of another module: what it needs, and what it is told.

    A lane that `computes` has no clock in its tests, so it may be slowed down by those that do.
    """

    name: str
    arguments: tuple[str, ...]
    module: str = "pytest"
    needs: tuple[str, ...] = ()
    database: str = "sqlite"
    tries: str = "some"
    computes: bool = False
    slow: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """Return the words that start it."""
        nice = ("nice", "-n", "10") if self.computes else ()
        options = ("-q",) if self.module == "pytest" else ()
        return (*nice, sys.executable, "-m", self.module, *options, *self.arguments)


@dataclass
class Report:
    """What came of the lanes so far."""

    rows: list[tuple[str, str, float]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    interrupted: bool = False

    @property
    def failed(self) -> bool:
        """Tell whether any lane failed."""
        return any(result == FAILED for _, result, _ in self.rows)


ON_BOTH_DATABASES = ("tests/services", "tests/selectors", "tests/api/test_idempotency.py")
WHERE_DATABASES_DIFFER = (
    *ON_BOTH_DATABASES[1:],
    *(f"tests/services/{name}" for name in ("ownership", "people", "requests", "webhooks")),
    *(f"tests/services/convergence/test_{name}.py" for name in ("at_once", "claim", "crew")),
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/services/test_*.py")),
)
"""Locks, races, patterns and what is compiled by hand; the lanes with real processes have the
deliveries on PostgreSQL, and the long runs everything."""
ON_SQLITE_ONLY = "not test_lifecycle_model and not test_shared_objects"
"""Much work, and nothing that a database could do in another way."""

ONE_KEY = "tests/api/test_idempotency.py::test_thirty_two_at_once_make_one_request"

QUICK = {"PYTHONDONTWRITEBYTECODE": ""}
"""Each process would compile everything anew where images forbid to write down the outcome."""

SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")

SAMPLE_SECONDS = 30
"""How long faults are drawn at random; `make faults` injects all of them."""

LANES = (
    Lane(
        "unit and property",
        ("-m", OUTSIDE, *SIDE_BY_SIDE),
        computes=True,
    ),
    Lane(
        "PostgreSQL",
        ("-m", OUTSIDE, "-k", ON_SQLITE_ONLY, *SIDE_BY_SIDE, *WHERE_DATABASES_DIFFER),
        needs=("PostgreSQL",),
        database="postgres",
        computes=True,
    ),
    Lane(
        "browser",
        ("-m", "browser and not slow", *SIDE_BY_SIDE, "tests/browser"),
        needs=("chromium",),
    ),
    Lane(
        "end to end",
        ("-m", "e2e and not slow", "-n", "2", "--dist", "loadgroup", "tests/e2e"),
        needs=("chromium", "PostgreSQL", "Redis"),
    ),
    Lane(
        "faults",
        ("-m", "faults and not slow", "-n", "2", "tests/faults"),
        needs=("PostgreSQL", "Redis"),
    ),
    Lane(
        "sample of faults",
        ("--sample", str(SAMPLE_SECONDS)),
        module="tests.faults",
        needs=("PostgreSQL", "Redis"),
    ),
    Lane(
        "slow",
        ("-m", "slow"),
        needs=("PostgreSQL", "Redis"),
        slow=True,
    ),
    Lane(
        "all tries",
        ("-m", OUTSIDE, *SIDE_BY_SIDE),
        tries="all",
        slow=True,
    ),
    Lane(
        "races on PostgreSQL",
        ("tests/services/test_two_at_once.py", ONE_KEY),
        needs=("PostgreSQL",),
        database="postgres",
        tries="all",
        slow=True,
    ),
    Lane(
        "all on PostgreSQL",
        ("-m", OUTSIDE, *SIDE_BY_SIDE, *ON_BOTH_DATABASES),
        needs=("PostgreSQL",),
        database="postgres",
        tries="all",
        slow=True,
    ),
)

PRESENT: dict[str, Callable[[], object]] = {
    "PostgreSQL": lambda: os.environ.get("EGRESS_TEST_POSTGRES_URL") or servers.postgres_binaries(),
    "Redis": servers.redis_binary,
    "chromium": servers.chromium_binary,
    "kubectl": lambda: shutil.which("kubectl"),
    "CRD schemas": lambda: Path(os.environ.get("EGRESS_CRDS", ROOT / "../shared/istio")).exists(),
    "API recordings": lambda: Path(
        os.environ.get("EGRESS_RECORDINGS", ROOT / "../shared/kubernetes")
    ).exists(),
}
HOW_TO_GET = {
    **servers.HOW_TO_GET,
    "CRD schemas": "set EGRESS_CRDS to a folder with Istio's and the Gateway API's CRDs",
    "API recordings": "set EGRESS_RECORDINGS to the folder with the recorded API answers",
}


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """Yield the environment in which the tests of a lane find their database."""
    if kind == "sqlite":
        yield {}
        return
    with servers.postgres_server() as url:
        yield {"EGRESS_DATABASE_URL": url}


def run(lane: Lane, report: Report, output: IO[bytes] | None) -> None:
    """Run one lane and note what came of it. What it prints goes to `output`, if there is one."""
    missing = [name for name in lane.needs if not PRESENT[name]()]
    if missing:
        report.rows.append((lane.name, f"absent: {', '.join(missing)}", 0.0))
        report.absent.update({name: HOW_TO_GET[name] for name in missing})
        return
    began = time.monotonic()
    with database(lane.database) as extra:
        code = subprocess.run(
            lane.command,
            cwd=ROOT,
            env={**os.environ, **QUICK, "EGRESS_TRY": lane.tries, **extra},
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            check=False,
        ).returncode
    report.rows.append((lane.name, FAILED if code else "passed", time.monotonic() - began))


def run_in_turn(lanes: Sequence[Lane], report: Report) -> None:
    """Run lanes one after the other, and show what each printed when it has ended."""
    for lane in lanes:
        if report.interrupted:
            return
        with tempfile.TemporaryFile() as output:
            run(lane, report, output)
            output.seek(0)
            with report.lock:
                print(f"\n== {lane.name} ==", flush=True)
                print(output.read().decode(errors="replace"), end="", flush=True)


def run_all(lanes: Sequence[Lane], report: Report) -> None:
    """Run the lanes that compute beside the others. A single one prints as it goes."""
    if len(lanes) == 1:
        run(lanes[0], report, None)
        return
    computing = [lane for lane in lanes if lane.computes]
    waiting = [lane for lane in lanes if not lane.computes]
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(run_in_turn, part, report) for part in (computing, waiting)]
        try:
            for task in tasks:
                task.result()
        except KeyboardInterrupt:
            report.interrupted = True
            raise


def conclude(report: Report) -> int:
    """Print the table of lanes and return the exit code."""
    for name in ("kubectl", "CRD schemas", "API recordings"):
        if not PRESENT[name]():
            report.absent[name] = HOW_TO_GET[name]
    print("\nLanes:")
    for name, result, seconds in report.rows:
        print(f"  {name:<18} {result:<28} {seconds:6.1f} s")
    for name, how in report.absent.items():
        print(f"  absent: {name}. To get it: {how}")
    in_ci = os.environ.get("CI") == "true"
    if report.absent and in_ci:
        print("With CI=true every lane must run.")
    return int(report.failed or bool(report.absent and in_ci))


def main() -> int:
    """Run the lanes asked for on the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true", help="run the long lanes only")
    parser.add_argument("lane", nargs="*", help="names of lanes; all when none is named")
    asked = parser.parse_args()
    report = Report()
    lanes = [lane for lane in LANES if lane.name in asked.lane or not asked.lane]
    with tempfile.TemporaryDirectory(prefix="egress-prepared-") as shared:
        os.environ[prepared.SHARED] = shared
        run_all([lane for lane in lanes if asked.lane or lane.slow == asked.slow], report)
    return conclude(report)


if __name__ == "__main__":
    sys.exit(main())
