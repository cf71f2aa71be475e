"""Memory of a real worker process that syncs and then sweeps again and again (row f)."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from django.db.models import F

from egress.models import Cluster, Grant, Slice
from portal import run
from tests.benchmarks.company import (
    accesses_by_sidecar,
    close_connections,
    connect_company,
    namespaces_of,
)
from tests.benchmarks.grounds import ROOT, grounds_for
from tests.benchmarks.known import ending_with_us
from tests.benchmarks.rows import NOT_MEASURED, Options, Row
from tests.servers import free_port

OBJECTS, CYCLES = 30_000, 100
QUICK_OBJECTS, QUICK_CYCLES = 300, 5
PER_NAMESPACE = 50
MOST_MB = 200.0
GROWTH_MB = 5.0
"""What counts as no growth: less than the memory that one list of a kind takes for a moment."""
_PATIENCE = 3600.0
_WHY_NOT = (
    "Some 120 MB are the portal and its libraries, loaded and at rest (30 MB of that the files of "
    "libraries), 30 MB what is known of 30,000 objects: place, name, uid and hash of each, a "
    "kilobyte in all. The rest is what eight deliveries, the sweep and the looks at the cluster "
    "hold for a moment, and what Python keeps of it for the next one."
)


def measure(options: Options) -> list[Row]:
    """Return the memory after the sync, at its highest, and after many sweeps without changes."""
    objects = QUICK_OBJECTS if options.quick else OBJECTS
    cycles = QUICK_CYCLES if options.quick else CYCLES
    folder = Path(options.folder)
    accesses = accesses_by_sidecar(objects, PER_NAMESPACE)
    with grounds_for(folder, options.kubeconfig) as grounds:
        if not grounds.is_sandbox and not grounds.has_istiod():
            why = f"{NOT_MEASURED}: no istiod, so a worker opens nothing"
            return [Row("f", f"worker memory, {objects:,} objects", why, f"{MOST_MB:.0f} MB")]
        company = connect_company(grounds, namespaces_of(accesses))
        company.mark(company.grants(accesses))
        try:
            with _worker(folder) as worker:
                return _watched(worker.pid, objects, cycles)
        finally:
            grounds.clear()
            close_connections()


def _watched(pid: int, objects: int, cycles: int) -> list[Row]:
    start = _megabytes(pid, "VmRSS")
    began = time.monotonic()
    _wait(lambda: not Slice.objects.filter(wanted__gt=F("done")).exists())
    synced = time.monotonic() - began
    active = Grant.objects.exclude(applied_at=None).count()
    assert active == objects, f"{active} of {objects} grants are applied."
    after, peak = _megabytes(pid, "VmRSS"), _megabytes(pid, "VmHWM")
    readings, swept = [], time.monotonic()
    for _ in range(cycles):
        _wait_for_a_sweep()
        readings.append(_megabytes(pid, "VmRSS"))
    seconds = (time.monotonic() - swept) / cycles
    # The first few sweeps load what every sweep needs.
    settled = readings[min(len(readings) // 10 + 1, len(readings) - 1)]
    grown, highest = readings[-1] - settled, _megabytes(pid, "VmHWM")
    details = {
        "objects": objects,
        "cycles": cycles,
        "start_mb": start,
        "peak_of_sync_mb": peak,
        "readings_mb": readings,
        "sync_seconds": round(synced, 1),
        "seconds_per_sweep": round(seconds, 2),
    }
    what = f"worker memory, {objects:,} objects, {connection.vendor}"
    most = f"{MOST_MB:.0f} MB"
    return [
        Row(
            "f", f"{what}, after sync", f"{after:.0f} MB", most, after <= MOST_MB, details, _WHY_NOT
        ),
        Row(
            "f", f"{what}, highest", f"{highest:.0f} MB", most, highest <= MOST_MB, why_not=_WHY_NOT
        ),
        Row(
            "f",
            f"{what}, growth over {cycles} sweeps",
            f"{grown:+.1f} MB",
            "no growth",
            grown <= GROWTH_MB,
        ),
    ]


def _worker(folder: Path) -> "subprocess.Popen[bytes]":
    command = run.commands(free_port(), free_port(), folder)["worker"]
    env = {
        **os.environ,
        **run.ALLOCATOR,
        "EGRESS_FULL_SWEEP_SECONDS": "0.1",
        "EGRESS_SWEEP_SECONDS": "0.5",
    }
    with (folder / "worker.log").open("wb") as log:
        return _Ended(
            command,
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=ending_with_us(),
        )


class _Ended(subprocess.Popen[bytes]):
    """A process that is told to end with the block that uses it."""

    def __exit__(self, *failure: object) -> None:
        self.terminate()
        try:
            self.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait(10)


def _megabytes(pid: int, what: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith(f"{what}:"))
    return round(int(line.split()[1]) / 1024, 1)


def _wait_for_a_sweep() -> None:
    before = Cluster.objects.values_list("swept_at", flat=True).get()
    _wait(lambda: Cluster.objects.values_list("swept_at", flat=True).get() != before)


def _wait(is_there: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + _PATIENCE
    while not is_there():
        assert time.monotonic() < deadline, "The worker does not get on."
        pause.wait(0.1)
