"""Runs on a stage: each conducted by a process of its own, several side by side."""

import itertools
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.urls import get_resolver

from egress.models import Cluster, Delivery
from egress.services.credentials import seal
from tests.faults.copies import copy_database, drop_database, serving, use_database
from tests.faults.processes import Child, Tell, expect, fork
from tests.faults.ringing import use_own_queue
from tests.faults.scenes import Scene, Stage, kubeconfig, scratch_name, set_stage
from tests.servers import free_port

AT_ONCE = 6
"""Runs side by side in one job: most of the time each waits for a lease to run out."""
LONGEST_RUN = 150.0
Document = dict[str, Any]


class Staged:
    """One run on a stage, in the process that conducts it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self._children: list[Child] = []
        self._last_delivery = 0

    def end(self) -> None:
        """End all processes of the run."""
        for child in self._children:
            child.kill()

    def _begin(self) -> int:
        """Start the cluster unless it is away, and tell the database where; return the port."""
        use_own_queue(self._folder)
        port = free_port() if self._stage.scene.away else self._serve(0)
        Cluster.objects.update(credentials=seal(kubeconfig(f"http://127.0.0.1:{port}")))
        self._last_delivery = Delivery.objects.aggregate(last=Max("pk"))["last"] or 0
        return port

    def _start(self, work: Callable[[Tell], None], name: str) -> Child:
        child = fork(work, self._folder / name)
        self._children.append(child)
        return child

    def _serve(self, port: int) -> int:
        work = serving(self._stage.snapshot, port, self._folder / "writes")
        return int(expect(self._start(work, "cluster"), "listening"))

    def _writes(self) -> list[Document]:
        return Child(0, self._folder / "writes").said()


@dataclass(frozen=True)
class Wanted:
    """A run that is wanted: on which stage, and what conducts it and returns a document."""

    stage: Stage
    conduct: Callable[[Stage, Path], Document]


@dataclass
class Stages:
    """Sets the stages of a job when they are first needed, and does runs on them."""

    folder: Path
    find: Callable[[str], Scene]
    _set: dict[str, Stage] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        # Read once here, not in every forked web process.
        get_resolver().url_patterns  # noqa: B018
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """Drop the databases of the stages."""
        for stage in self._set.values():
            drop_database(stage.database)

    def stage(self, scene: str) -> Stage:
        """Return the stage of a scene."""
        if scene not in self._set:
            self._set[scene] = set_stage(
                self.find(scene), self.folder, self._database(scene), "http://127.0.0.1:1"
            )
        return self._set[scene]

    def run(self, wanted: Sequence[Wanted]) -> list[Document]:
        """Do runs side by side; one that breaks off has its last words under `broken`."""
        waiting, results = list(enumerate(wanted)), dict[int, Document]()
        running: dict[int, tuple[Child, float]] = {}
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                number, one = waiting.pop(0)
                running[number] = self._begin(one), time.monotonic() + LONGEST_RUN
            for number, (child, until) in list(running.items()):
                if child.has_ended() or time.monotonic() > until:
                    child.kill()
                    results[number] = _result_of(child)
                    shutil.rmtree(child.says.parent, ignore_errors=True)
                    del running[number]
            time.sleep(0.02)
        return [results[number] for number in range(len(wanted))]

    def _begin(self, wanted: Wanted) -> Child:
        folder = self.folder / f"run-{next(self._numbers)}"
        folder.mkdir()
        return fork(_conducting(wanted, folder, self._database(folder.name)), folder / "result")

    def _database(self, name: str) -> str:
        if os.environ["EGRESS_DATABASE_URL"].startswith("sqlite"):
            return str(self.folder / f"{name}.sqlite3")
        return scratch_name(next(self._numbers), name)


def _result_of(child: Child) -> Document:
    for document in child.said():
        if "result" in document:
            found: Document = document["result"]
            return found
    return {"broken": f"The run broke off: {child.said()[-1:]}"}


def _conducting(wanted: Wanted, folder: Path, database: str) -> Callable[[Tell], None]:
    def conduct(tell: Tell) -> None:
        copy_database(wanted.stage.database, database)
        try:
            use_database(database)
            tell({"result": wanted.conduct(wanted.stage, folder)})
        finally:
            drop_database(database)

    return conduct
