"""`make bench`: measure, print one table, and write `var/bench/results.json`.

Against the sandbox by default, each measurement in a process of its own, and the contests with
kubectl against the API server of `make real` too; against any cluster with `--kubeconfig FILE`.
Rows that lose are printed like those that win.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.child import measured
from tests.benchmarks.grounds import ROOT, Grounds
from tests.benchmarks.machine import facts
from tests.benchmarks.rows import NOT_MEASURED, Options, Row, reasons, table
from tests.real import assets
from tests.real.cluster import real_cluster
from tests.servers import postgres_binaries

QUICK_SIZES, QUICK_LATENCIES, QUICK_RUNS = (50,), (0.0, 5.0), 2
NEEDED_CRD = "serviceentries.networking.istio.io"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), help="rows to measure")
    parser.add_argument("--quick", action="store_true", help="small counts, to see that it runs")
    parser.add_argument("--kubeconfig", default="", help="measure on this cluster")
    parser.add_argument(
        "--install-crds", action="store_true", help="apply Istio's CRDs where they are missing"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each contest")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 5000], help="objects")
    parser.add_argument(
        "--latencies", type=float, nargs="+", default=[0, 5, 20], help="added milliseconds"
    )
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", type=Path, default=ROOT / "var/bench/results.json")
    return parser.parse_args(given)


def _options(given: argparse.Namespace) -> Options:
    options = Options(
        quick=given.quick,
        kubeconfig=str(Path(given.kubeconfig).resolve()) if given.kubeconfig else "",
        runs=given.runs,
        sizes=tuple(given.sizes),
        latencies=tuple(given.latencies),
        database=given.database,
    )
    if given.quick:
        options = replace(options, runs=QUICK_RUNS, sizes=QUICK_SIZES, latencies=QUICK_LATENCIES)
    return options


def _trail(options: Options) -> list[Row]:
    kinds = ["sqlite"] + (["postgres"] if postgres_binaries() and not options.quick else [])
    return [row for kind in kinds for row in measured("trail", replace(options, database=kind))]


def _memory(options: Options) -> list[Row]:
    """Watch a worker on the database of production, where it is there."""
    kind = "postgres" if postgres_binaries() and not options.quick else options.database
    return measured("memory", replace(options, database=kind))


def _sync(options: Options) -> list[Row]:
    rows = measured("sync", options)
    return rows if options.kubeconfig or options.quick else [*rows, *_real_sync(options)]


def _real_sync(options: Options) -> list[Row]:
    """Hold the contests on the API server that `make real` builds, where it was built."""
    if not assets.are_there():
        what = "1000 objects, real API server (make real, or --kubeconfig)"
        return [
            Row("b", f"full sync, {what}", NOT_MEASURED, "5 x kubectl"),
            Row("c", f"no-op sync, {what}", NOT_MEASURED, "150 x kubectl"),
        ]
    with TemporaryDirectory(prefix="egress-real-") as folder, real_cluster(Path(folder)) as real:
        kubeconfig = str(real.kubeconfig)
        rows = measured("sync", replace(options, kubeconfig=kubeconfig, sizes=options.sizes[:1]))
    return [row for row in rows if not row.what.startswith("process start")]


MEASUREMENTS: dict[str, Callable[[Options], list[Row]]] = {
    "latency": lambda options: measured("latency", options),
    "sync": _sync,
    "change": lambda options: measured("change", options),
    "render": lambda options: measured("render", options),
    "memory": _memory,
    "trail": _trail,
}


def _usual(options: Options) -> list[str]:
    """Return what is measured unless something is named: in a hurry, no whole portal."""
    return [name for name in MEASUREMENTS if not (options.quick and name == "latency")]


def _require_crds(kubeconfig: str, install: bool) -> None:
    """Make sure that the given cluster knows Istio's kinds. Raises SystemExit when not."""
    grounds = Grounds(Path(kubeconfig), Path(kubeconfig), None)
    try:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        if grounds.call("GET", f"{path}/{NEEDED_CRD}").get("kind") == "CustomResourceDefinition":
            return
        folder = Path(os.environ.get("EGRESS_CRDS", ROOT / "../shared/istio"))
        if not install:
            sys.exit("The cluster lacks Istio's CRDs: install Istio, or add --install-crds.")
        for file in sorted(folder.glob("*.yaml")):
            grounds.install_crds(file.read_text(encoding="utf-8"))
        print(f"Installed the CRDs of {folder}. Waiting for them to be served ...", flush=True)
        time.sleep(5)
    finally:
        grounds.transport.close()


def main(given: Sequence[str] | None = None) -> int:
    """Measure what is asked for. Returns 1 when a measurement failed, else 0, won or lost."""
    arguments = _arguments(given)
    options = _options(arguments)
    if options.kubeconfig:
        _require_crds(options.kubeconfig, arguments.install_crds)
    if shutil.which("kubectl") is None:
        print("kubectl is absent, so nothing is held against it: install it.", file=sys.stderr)
    machine, rows, failures = facts(), list[Row](), dict[str, str]()
    for name in arguments.only or _usual(options):
        began = time.monotonic()
        print(f"Measuring {name} ...", flush=True)
        try:
            rows += MEASUREMENTS[name](options)
        except (RuntimeError, OSError) as error:
            failures[name] = str(error)
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
        _write(arguments.json, machine, options, rows, failures)
    print(f"\n{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}\n")
    print(table(sorted(rows, key=lambda row: row.group)))
    for reason in reasons(rows):
        print(f"\n{reason}")
    for name, why in failures.items():
        print(f"\n{name} failed: {why}", file=sys.stderr)
    print(f"\nWritten to {arguments.json}")
    return 1 if failures else 0


def _write(
    path: Path,
    machine: dict[str, Any],
    options: Options,
    rows: Sequence[Row],
    failures: dict[str, str],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "options": asdict(options),
        "rows": [row.as_json() for row in rows],
        "failures": failures,
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
