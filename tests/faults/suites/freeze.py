"""P10: a worker that was frozen in the middle of a delivery wakes after a revoke was confirmed."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.actors import scaled
from tests.faults.crashes import Plans
from tests.faults.freezes import freezing
from tests.faults.runs import Wanted
from tests.faults.scenarios import SCENES, scene_named
from tests.faults.suite import Outcome, Run, Suite

FROZEN = (
    "first-grant",
    "three-grants",
    "gateway-first",
    "gateway-second-namespace",
    "gateway-http",
    "gateway-tcp",
    "ambient-grant",
    "central-changes-hands",
    "comes-and-goes",
)
"""Scenes whose worker gives access, so that there is something to resurrect."""
RUNS = 12
"""Runs of one case."""
QUICK = {"LEASE_SECONDS": 1.5, "CALL_TIMEOUT_SECONDS": 0.5}
"""Seconds: the freeze lasts three leases."""


class FreezeSuite(Suite):
    """Freezes at points drawn at random; every other worker has all its threads.

    A case is a batch of runs (`batch-3`), or one point (`gateway-tcp:sql-commit ...#1:after`).
    """

    promises = ("P10", "P19")
    weight = 2.0
    limit = 400.0

    def __init__(self, database: str, target: int) -> None:
        self.name = f"freeze-{database}"
        self.title = f"SIGSTOP for three leases, revoke confirmed meanwhile, {database}"
        self.database = database
        self.target = target

    def cases(self) -> Sequence[str]:
        # Some more than asked for: a few points are not reached again.
        return [f"batch-{number}" for number in range(self.target * 5 // 4 // RUNS + 1)]

    def sampled(self) -> Sequence[str]:
        return [f"few-{number}" for number in range(20)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        with scaled(**QUICK):
            plans = Plans(folder, scene_named)
            try:
                yield lambda case, random: self._run(plans, case, random)
            finally:
                plans.stages.close()

    def _run(self, plans: Plans, case: str, random: random.Random) -> Outcome:
        scene, colon, point = case.partition(":")
        if colon:
            chosen: list[tuple[str, str | int]] = [(scene, point)]
        elif case.startswith("few"):
            chosen = self._drawn(plans, [random.choice(FROZEN)] * 4, random)
        else:
            chosen = self._drawn(plans, random.choices(FROZEN, k=RUNS), random)
        wanted = [Wanted(plans.stages.stage(name), freezing(where)) for name, where in chosen]
        outcome = Outcome(0, figures={"confirmed s": 0.0, "not reached": 0.0})
        for (name, where), told in zip(chosen, plans.stages.run(wanted), strict=True):
            found = [told["broken"]] if "broken" in told else told["violations"]
            outcome.violations += [f"{name}:{where}: {one}" for one in found]
            outcome.injected += bool(told.get("reached"))
            outcome.figures["not reached"] += not told.get("reached")
            confirmed = max(outcome.figures["confirmed s"], told.get("confirmed", 0.0))
            outcome.figures["confirmed s"] = confirmed
        return outcome

    def _drawn(
        self, plans: Plans, scenes: Sequence[str], random: random.Random
    ) -> list[tuple[str, str | int]]:
        chosen: list[tuple[str, str | int]] = []
        for number, scene in enumerate(scenes):
            points = [one for one in plans.plan(scene).points if self._may_stop_at(one)]
            with_threads = number % 2 == 1 and self.database != "sqlite"
            chosen.append(
                (scene, random.randrange(len(points)) if with_threads else random.choice(points))
            )
        return chosen

    def _may_stop_at(self, point: str) -> bool:
        """Tell whether a revoke is possible while a worker is frozen there.

        A process that is frozen within a transaction holds SQLite's only lock: nobody can revoke
        before it wakes, so there is nothing to resurrect. PostgreSQL ends such transactions.
        """
        return self.database != "sqlite" or not point.startswith("sql-commit")


FREEZE_SQLITE = FreezeSuite("sqlite", 100)
FREEZE_POSTGRES = FreezeSuite("postgres", 200)
assert {scene.name for scene in SCENES} >= set(FROZEN)
