"""P9, P13, P19, P26: a process dies before or after any event, and others make up for it."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.actors import scaled
from tests.faults.crashes import Plans, Result
from tests.faults.scenarios import SCENES, scene_named
from tests.faults.suite import Outcome, Run, Suite

PARTS = 8
"""So many cases share the points of a scene."""
DRAWN = 4
"""Points of one case of a sample."""


class CrashSuite(Suite):
    """Kills at named points. A case is a part of a scene's points (`first-grant/3`), some drawn
    at random (`first-grant/any`), or one point (`first-grant:sql-commit egress_slice#1:before`).

    `share` says which points are this suite's: every how-manieth, beginning where.
    """

    promises = ("P9", "P13", "P19", "P26")
    weight = 3.0
    limit = 400.0

    def __init__(self, database: str, target: int, share: tuple[int, int]) -> None:
        self.name = f"crash-{database}"
        self.title = f"SIGKILL before and after each commit and call, {database}"
        self.database = database
        self.target = target
        self._every, self._first = share

    def cases(self) -> Sequence[str]:
        return [f"{scene.name}/{part}" for scene in SCENES for part in range(PARTS)]

    def sampled(self) -> Sequence[str]:
        return [f"{scene.name}/any" for scene in SCENES]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        with scaled():
            plans = Plans(folder, scene_named)
            try:
                yield lambda case, random: self._run(plans, case, random)
            finally:
                plans.stages.close()

    def _run(self, plans: Plans, case: str, random: random.Random) -> Outcome:
        scene, colon, point = case.partition(":")
        if colon:
            return _outcome(scene, [point], plans.kill_at(plans.plan(scene), [point]))
        scene, _, part = case.partition("/")
        plan = plans.plan(scene)
        if part == "any":
            points = random.sample(plan.points, min(DRAWN, len(plan.points)))
        else:
            points = list(plan.points[self._first :: self._every])[int(part) :: PARTS]
        return _outcome(scene, points, plans.kill_at(plan, points))


def _outcome(scene: str, points: Sequence[str], results: Sequence[Result]) -> Outcome:
    outcome = Outcome(injected=sum(result.reached for result in results))
    for point, result in zip(points, results, strict=True):
        outcome.violations += [f"{scene}:{point}: {told}" for told in result.violations]
    outcome.figures = {
        "converged s": max([0.0, *(r.converged for r in results if not r.violations)]),
        "not reached": float(sum(not result.reached for result in results)),
    }
    return outcome


class ThreadsSuite(CrashSuite):
    """Kills workers with all their threads at the n-th point they pass.

    Their order changes from run to run, so a case has numbers drawn at random (`three-grants/2`).
    """

    def __init__(self, database: str, target: int) -> None:
        super().__init__(database, target, (1, 0))
        self.name = f"crash-threads-{database}"
        self.title = f"SIGKILL of a worker with all its threads, {database}"
        self.weight = 1.0

    def cases(self) -> Sequence[str]:
        batches = self.target * 5 // 4 // (len(BUSY) * DRAWN) + 1
        return [f"{scene}/{batch}" for batch in range(batches) for scene in BUSY]

    def sampled(self) -> Sequence[str]:
        return [f"{scene}/any" for scene in BUSY]

    def _run(self, plans: Plans, case: str, random: random.Random) -> Outcome:
        plan = plans.plan(case.partition("/")[0])
        points = [random.randrange(len(plan.points)) for _ in range(DRAWN)]
        return _outcome(case, [str(point) for point in points], plans.kill_at(plan, points))


BUSY = ("three-grants", "comes-and-goes", "gateway-first", "gateway-one-of-two-revoked", "expiry")
"""Scenes of the workers with threads."""
CRASH_SQLITE = CrashSuite("sqlite", 1000, (3, 0))
CRASH_POSTGRES = CrashSuite("postgres", 200, (14, 1))
CRASH_THREADS = ThreadsSuite("postgres", 100)
