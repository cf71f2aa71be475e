"""Full sync and sync without changes, against `kubectl apply --server-side` (rows b and c).

Both write the same objects to the same server, in turns, and everything is deleted in between.
kubectl runs as it comes; what it says of its own throttling goes into the JSON file.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from egress.domain.objects import KubeObject, to_yaml
from tests.benchmarks.company import (
    Company,
    accesses_by_sidecar,
    close_connections,
    connect_company,
    namespaces_of,
    timed,
)
from tests.benchmarks.grounds import Grounds, bare_seconds, grounds_for
from tests.benchmarks.known import WRITES
from tests.benchmarks.machine import kubectl_version
from tests.benchmarks.rows import NOT_MEASURED, Options, Row, spoken, spread

PER_NAMESPACE = 50
FULL_TARGETS = {5.0: 4.0, 20.0: 10.0}
"""How many times faster than kubectl on the sandbox, by milliseconds of added latency."""
REAL_FULL, REAL_IDLE, SANDBOX_IDLE = 5.0, 150.0, 50.0
COUNTED_SIZE = 1000
FULL_IS_BOUND = (
    "The worker is bound by its one processor, not by the cluster: 4 to 5 ms for each object, a "
    "quarter of it HTTP, a half Django and the audit trail, and each object is sent twice, because "
    "all of a delivery is tried out before its first write."
)
IDLE_IS_BOUND = (
    "Of each look 0.1 s is reading the grants and decisions anew from the database and comparing "
    "them with the hashes of what is live; the cluster answers its lists in a third of that."
)


_MEASURED = ("ours", "kubectl", "bare", "first_sweep", "idle_ours", "idle_kubectl")


@dataclass
class Contest:
    """Seconds of each contestant, run by run, and the requests that the server counted."""

    size: int
    latency: float
    ours: list[float] = field(default_factory=list)
    kubectl: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    first_sweep: list[float] = field(default_factory=list)
    idle_ours: list[float] = field(default_factory=list)
    idle_kubectl: list[float] = field(default_factory=list)
    requests: dict[str, Mapping[str, int]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)


class Kubectl:
    """The command line tool with default flags, on a folder of its own."""

    def __init__(self, folder: Path, grounds: Grounds) -> None:
        self.file = folder / "objects.yaml"
        self._command = ["kubectl", "--kubeconfig", str(grounds.admin)]
        self._env = {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}

    def apply(self, contest: Contest | None = None) -> float:
        """Apply the file and return the seconds it took, process start included."""
        command = [*self._command, "apply", "--server-side", "-f", str(self.file)]
        done: list[subprocess.CompletedProcess[str]] = []
        took = timed(
            lambda: done.append(
                subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
            )
        )
        assert done[0].returncode == 0, done[0].stderr[-500:]
        if contest is not None:
            contest.said |= {line for line in done[0].stderr.splitlines() if "throttl" in line}
        return took

    def start_seconds(self) -> float:
        """Return how long its own process takes to start."""
        command = [*self._command, "version", "--client"]
        return timed(
            lambda: subprocess.run(command, env=self._env, capture_output=True, check=True)
        )


def measure(options: Options) -> list[Row]:
    """Return the rows of both contests for every size and latency."""
    folder = Path(options.folder)
    rows: list[Row] = []
    with grounds_for(folder, options.kubeconfig) as grounds:
        kubectl = Kubectl(folder, grounds) if kubectl_version() else None
        latencies = options.latencies if grounds.is_sandbox else (0.0,)
        largest = accesses_by_sidecar(max(options.sizes), PER_NAMESPACE)
        company = connect_company(grounds, namespaces_of(largest))
        try:
            rows += _starts(kubectl)
            for size in sorted(options.sizes):
                known = len(company.rendered())
                company.grants(largest[known:size])
                objects = company.rendered()
                assert len(objects) == size
                if kubectl:
                    kubectl.file.write_text(to_yaml(objects))
                _warm_up(grounds, company, kubectl)
                for latency in latencies if size == min(options.sizes) else _middle(latencies):
                    contest = _contest(grounds, company, kubectl, objects, latency, options.runs)
                    rows += _rows(contest, grounds)
                    print(f"  {size} objects, {latency:.0f} ms: done", flush=True)
        finally:
            grounds.clear()
            close_connections()
    return rows


def _middle(latencies: Sequence[float]) -> Sequence[float]:
    """Return the one latency of the larger sizes: with all of them kubectl takes an hour."""
    return latencies[len(latencies) // 2 :][:1]


def _warm_up(grounds: Grounds, company: Company, kubectl: Kubectl | None) -> None:
    """Let both run once, so that connections, discovery and imports are there."""
    _our_sync(grounds, company)
    company.sweep()
    grounds.clear()
    if kubectl:
        kubectl.apply()


def _our_sync(grounds: Grounds, company: Company) -> float:
    grounds.clear()
    company.forget_deliveries()
    company.mark(company.cluster.grants.all())
    grounds.count()
    return company.converge()


def _contest(
    grounds: Grounds,
    company: Company,
    kubectl: Kubectl | None,
    objects: list[KubeObject],
    latency: float,
    runs: int,
) -> Contest:
    contest = Contest(len(objects), latency)
    if grounds.is_sandbox:
        grounds.set_latency(latency)
    for _ in range(runs):
        contest.ours.append(_our_sync(grounds, company))
        contest.requests["ours"] = grounds.count()
        # What changed since the last sweep is rendered anew once; then nothing changes.
        contest.first_sweep.append(company.sweep())
        contest.requests["ours, first sweep"] = grounds.count()
        contest.idle_ours.append(company.sweep())
        contest.requests["ours idle"] = grounds.count()
        grounds.clear()
        if kubectl:
            grounds.count()
            contest.kubectl.append(kubectl.apply(contest))
            contest.requests["kubectl"] = grounds.count()
            contest.idle_kubectl.append(kubectl.apply(contest))
            contest.requests["kubectl idle"] = grounds.count()
            grounds.clear()
        if grounds.is_sandbox:
            contest.bare.append(bare_seconds(grounds, objects))
    if grounds.is_sandbox:
        grounds.set_latency(0)
    return contest


def _starts(kubectl: Kubectl | None) -> list[Row]:
    importing = "import django; django.setup(); import egress.services.convergence"
    ours = [
        timed(lambda: subprocess.run([sys.executable, "-c", importing], check=True))
        for _ in range(3)
    ]
    rows = [Row("b", "process start, worker", spoken(ours), details=spread(ours))]
    if kubectl:
        theirs = [kubectl.start_seconds() for _ in range(3)]
        rows.append(Row("b", "process start, kubectl", spoken(theirs), details=spread(theirs)))
    return rows


def _rows(contest: Contest, grounds: Grounds) -> list[Row]:
    where = f"{contest.latency:.0f} ms added" if grounds.is_sandbox else "given cluster"
    what = f"{contest.size} objects, {where}"
    details: dict[str, Any] = {
        "objects": contest.size,
        "latency_ms": contest.latency,
        "requests": contest.requests,
        "kubectl_said": sorted(contest.said),
    }
    for name in _MEASURED:
        if runs := getattr(contest, name):
            details[name] = spread(runs)
    full_target: float | None = None
    idle_target: float | None = None
    if contest.size >= COUNTED_SIZE:
        full_target = FULL_TARGETS.get(contest.latency) if grounds.is_sandbox else REAL_FULL
        idle_target = SANDBOX_IDLE if grounds.is_sandbox else REAL_IDLE
    ceiling = f", ceiling {statistics.median(contest.bare):.2f} s" if contest.bare else ""
    full = _against("b", f"full sync, {what}", contest.ours, contest.kubectl, full_target, ceiling)
    idle = _against(
        "c", f"no-op sync, {what}", contest.idle_ours, contest.idle_kubectl, idle_target
    )
    rows = [
        replace(full, details={**details, **full.details}, why_not=FULL_IS_BOUND),
        replace(idle, details={**details, **idle.details}, why_not=IDLE_IS_BOUND),
    ]
    if grounds.is_sandbox:
        seen = contest.requests["ours idle"]
        writes = sum(seen.get(verb, 0) for verb in WRITES)
        said = f"{writes} writes, {sum(seen.values())} requests"
        rows.append(Row("c", f"no-op sync, {what}: sent", said, "0 writes", writes == 0))
    return rows


def _against(
    group: str,
    what: str,
    ours: list[float],
    theirs: list[float],
    target: float | None,
    more: str = "",
) -> Row:
    aim = f"{target:g} x kubectl" if target else ""
    if not theirs:
        return Row(group, what, f"{spoken(ours)}{more}; kubectl {NOT_MEASURED}", aim)
    ratio = statistics.median(theirs) / statistics.median(ours)
    said = f"{spoken(ours)}; kubectl {spoken(theirs)}: {ratio:.1f} x{more}"
    reached = ratio >= target if target else None
    return Row(group, what, said, aim, reached, {"ratio": round(ratio, 2)})
