"""Runs in which a process is killed at a named point, and what is left is judged."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import actors, oracle, ringing
from tests.faults.runs import Document, Staged, Stages, Wanted
from tests.faults.scenes import Scene, Stage


@dataclass
class Result:
    """What came of one run. `reached` tells whether the process was killed where it should be."""

    reached: bool = False
    points: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    converged: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All points of a scene, and how it ends when nobody dies."""

    stage: Stage
    points: tuple[str, ...]
    state: dict[str, Any]


class Plans:
    """The plans of one job: each scene is recorded when first needed."""

    def __init__(self, folder: Path, find: Callable[[str], Scene]) -> None:
        self.stages = Stages(folder, find)
        self._plans: dict[str, Plan] = {}

    def plan(self, scene: str) -> Plan:
        """Return the plan of a scene. Raises RuntimeError when it fails uninterrupted."""
        if scene not in self._plans:
            stage = self.stages.stage(scene)
            (recorded,) = self._run(stage, [None], None)
            if recorded.violations:
                raise RuntimeError(f"{scene} fails uninterrupted: {recorded.violations}")
            self._plans[scene] = Plan(stage, tuple(recorded.points), recorded.state)
        return self._plans[scene]

    def kill_at(self, plan: Plan, points: Sequence[str | int]) -> list[Result]:
        """Run the scene of a plan once for each point, and kill its process there.

        A number stands for the so-manieth point of a worker with all its threads.
        """
        return self._run(plan.stage, points, plan.state)

    def _run(
        self, stage: Stage, points: Sequence[str | int | None], state: dict[str, Any] | None
    ) -> list[Result]:
        wanted = [Wanted(stage, _crash(point, state)) for point in points]
        return [_result(document) for document in self.stages.run(wanted)]


def _crash(
    point: str | int | None, state: dict[str, Any] | None
) -> Callable[[Stage, Path], Document]:
    def conduct(stage: Stage, folder: Path) -> Document:
        run = CrashRun(stage, folder)
        try:
            return asdict(run.conduct(point, state))
        finally:
            run.end()

    return conduct


def _result(document: Document) -> Result:
    if "broken" in document:
        return Result(violations=[document["broken"]])
    return Result(**document)


class CrashRun(Staged):
    """One run with a kill."""

    def conduct(self, point: str | int | None, expected: dict[str, Any] | None) -> Result:
        """Let the scene happen, kill its process at `point`, let others finish, and judge."""
        scene, result = self._stage.scene, Result()
        port = self._begin()
        died = self._doomed(point)
        result.points = [told["point"] for told in died if "point" in told]
        result.reached = any(told.get("killed") for told in died)
        if scene.away:
            self._serve(port)
        if scene.calls:
            answers = [told["answer"] for told in died if "answer" in told]
            result.violations += self._call_again(answers)
        result.violations += self._finish(result, with_threads=isinstance(point, int))
        run = oracle.Run(scene, self._stage.snapshot, self._writes(), self._last_delivery)
        result.violations += oracle.judge(run)
        result.state = oracle.end_state(run)
        if expected is not None:
            result.violations += oracle.differences(expected, result.state)
            result.state, result.points = {}, []
        return result

    def _doomed(self, point: str | int | None) -> list[Document]:
        scene = self._stage.scene
        if scene.rung:
            self._start(ringing.ringer, "ringer").wait(30)
            work = ringing.doomed_listener(scene, point)
        elif scene.calls:
            work = actors.web(self._stage, point)
        elif isinstance(point, int):
            work = actors.doomed_loops(point)
        else:
            work = actors.doomed_worker(scene, point)
        child = self._start(work, "doomed")
        child.wait(LONGEST_LIFE if isinstance(point, int) else 60.0)
        child.kill()
        told = child.said()
        for document in told:
            if "error" in document:
                raise RuntimeError(document["error"])
        return told

    def _call_again(self, answers: list[Document]) -> list[str]:
        """Send all calls once more, as a client does that got no answer."""
        child = self._start(actors.web(self._stage, None), "again")
        child.wait(60)
        again = [told["answer"] for told in child.said() if "answer" in told]
        found = []
        for number, call in enumerate(self._stage.scene.calls):
            got = again[number] if number < len(again) else {"status": 0, "body": child.said()[-1:]}
            if got["status"] not in (200, 201):
                found.append(f"{call.path} was answered {got} when it was sent again")
            if number < len(answers) and answers[number] != got:
                found.append(f"{call.path} was answered {answers[number]}, and {got} later")
        return found

    def _finish(self, result: Result, *, with_threads: bool) -> list[str]:
        began, scene = time.monotonic(), self._stage.scene
        work = actors.heir_with_loops(scene) if with_threads else actors.heir(scene)
        child = self._start(work, "heir")
        child.wait(actors.LONGEST + 20)
        child.kill()
        told: Document = {}
        for document in child.said():
            told |= document
        result.converged = min(float(told.get("converged", 999)), time.monotonic() - began)
        if told.get("left") == [] and not told.get("drifted"):
            return []
        return [f"It did not settle within {actors.LONGEST:.0f} s: {told}"]


LONGEST_LIFE = 6.0
"""Seconds a worker with all its threads may live when it is never killed at its point."""
