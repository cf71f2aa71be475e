"""One run in which a worker is frozen in a delivery, a revoke is confirmed, and it wakes again."""

import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings

from tests.faults import actors, oracle
from tests.faults.processes import Child
from tests.faults.runs import Document, Staged
from tests.faults.scenes import Stage

LEASES = 3
"""A freeze lasts at least so many leases."""
PATIENCE = 40.0
"""Seconds after which a revoke that is still not confirmed is a violation by itself."""
AFTERMATH = 2.0
"""Seconds a worker with threads goes on after it woke."""


@dataclass
class Thawed:
    """What came of one freeze. `reached` tells whether the worker stopped where it should."""

    reached: bool = False
    frozen: float = 0.0
    confirmed: float = 0.0
    violations: list[str] = field(default_factory=list)


class FreezeRun(Staged):
    """One run, in the process that conducts it."""

    def conduct(self, point: str | int) -> Thawed:
        """Freeze a worker at a point, revoke everything meanwhile, thaw it, and judge.

        A number stands for the so-manieth point of a worker with all its threads.
        """
        scene, result = self._stage.scene, Thawed()
        self._begin()
        work = (
            actors.doomed_loops(point, signal.SIGSTOP)
            if isinstance(point, int)
            else actors.doomed_worker(scene, point, signal.SIGSTOP)
        )
        worker = self._start(work, "frozen")
        result.reached = _stops(worker)
        if not result.reached:
            # It may be in the middle of its work: a revoke would race with it, as any may.
            worker.kill()
            return result
        began = time.monotonic()
        other = self._start(actors.revoker(scene), "other")
        if not other.wait(PATIENCE):
            result.violations.append(f"The revoke was not confirmed within {PATIENCE} s")
        result.confirmed = time.monotonic() - began
        time.sleep(max(0.0, LEASES * settings.LEASE_SECONDS - result.confirmed))
        worker.signal(signal.SIGCONT)
        result.frozen = time.monotonic() - began
        worker.wait(AFTERMATH if isinstance(point, int) else 30.0)
        worker.kill()
        other.kill()
        result.violations += [str(told["error"]) for told in worker.said() if "error" in told]
        result.violations += self._settle()
        run = oracle.Run(scene, self._stage.snapshot, self._writes(), self._last_delivery)
        result.violations += oracle.judge(run)
        return result

    def _settle(self) -> list[str]:
        child = self._start(actors.heir(self._stage.scene), "heir")
        child.wait(actors.LONGEST + 20)
        told = [document for document in child.said() if "left" in document]
        if told and not told[0]["left"] and not told[0]["drifted"]:
            return []
        return [f"It did not settle: {child.said()}"]


def _stops(worker: Child) -> bool:
    """Wait until a worker has stopped itself. False when it ended, or went on to the end."""
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        if any(told.get("killed") for told in worker.said()):
            return True
        if worker.has_ended():
            return False
        time.sleep(0.02)
    return False


def freezing(point: str | int) -> Callable[[Stage, Path], Document]:
    """Return what conducts a freeze at a point."""

    def conduct(stage: Stage, folder: Path) -> Document:
        run = FreezeRun(stage, folder)
        try:
            return asdict(run.conduct(point))
        finally:
            run.end()

    return conduct
