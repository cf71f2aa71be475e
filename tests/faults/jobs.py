"""Runs suites side by side, each in processes of its own, case after case."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.faults.progress import ROOT, Finished, Progress
from tests.faults.stores import Stores
from tests.faults.suite import Outcome, Suite
from tests.faults.works import Work

SCALED = {
    "EGRESS_SWEEP_SECONDS": "0.5",
    "EGRESS_LEASE_SECONDS": "3",
    "EGRESS_CALL_TIMEOUT_SECONDS": "1",
    "EGRESS_FULL_SWEEP_SECONDS": "2",
    "EGRESS_BEHIND_TLS": "no",
    "EGRESS_LOG_LEVEL": "WARNING",
    "EGRESS_LOG_FORMAT": "console",
    "EGRESS_SECRET_KEY": "only-for-the-fault-suites-and-never-for-a-running-portal",
    "DJANGO_SETTINGS_MODULE": "portal.settings",
}
"""The settings of every job: what takes seconds in a real installation takes less here."""

OPENING_SECONDS = 120.0
LOG_CHARACTERS = 1500
WORTH_JOINING = 8
"""Cases left that make a second process for the same suite worth its start."""


class JobEndedError(Exception):
    """The process of a suite ended, or did not answer in time."""


class Job:
    """One process that runs cases of one suite."""

    def __init__(self, suite: Suite, seed: int, folder: Path, url: str) -> None:
        self._suite = suite
        self._log = folder / "log"
        scratch = folder / "scratch"
        scratch.mkdir(parents=True)
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "tests.faults.job", "--suite", suite.name]
        command += ["--seed", str(seed), "--folder", str(scratch), "--answers", str(writing)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(folder, url),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        self._answers = os.fdopen(reading, "rb")
        self._rest = b""

    def open(self) -> None:
        """Wait until the suite is open. Raises JobEndedError when it cannot be opened."""
        row = self._answer(OPENING_SECONDS)
        if "broken" in row:
            raise JobEndedError(f"The suite could not be opened: {row['broken']}")

    def run(self, case: str) -> tuple[Outcome, float]:
        """Run one case. Raises JobEndedError."""
        assert self._process.stdin
        try:
            self._process.stdin.write(case.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise JobEndedError(self._why("The process had ended")) from error
        row = self._answer(self._suite.limit)
        return Outcome(**row["outcome"]), float(row["seconds"])

    def _answer(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                raise JobEndedError(self._why(f"No answer within {seconds:.0f} s"))
            piece = os.read(self._answers.fileno(), 65536)
            if not piece:
                raise JobEndedError(self._why("The process ended"))
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        row: dict[str, Any] = json.loads(line)
        return row

    def _why(self, what: str) -> str:
        said = self._log.read_text(errors="replace").strip()[-LOG_CHARACTERS:]
        return f"{what}. The last it said: {said or 'nothing'}"

    def close(self) -> None:
        """Let the suite close what it opened, then end whatever is left of its processes."""
        assert self._process.stdin
        with suppress(OSError, subprocess.TimeoutExpired):
            self._process.stdin.close()
            self._process.wait(20)
        self.end()
        self._process.wait(20)
        self._answers.close()

    def end(self) -> None:
        """End the process and its children, which may outlive it: it leads a session of its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _environment(folder: Path, url: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("EGRESS_")}
    kept = {name: os.environ[name] for name in ("EGRESS_CRDS",) if name in os.environ}
    return {
        **own,
        **kept,
        **SCALED,
        "EGRESS_VAR_DIR": str(folder / "var"),
        "EGRESS_DATABASE_URL": url,
        "EGRESS_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "PYTHONUNBUFFERED": "1",
    }


@dataclass
class Board:
    """Where the jobs find what is to be done next."""

    works: list[Work]
    progress: Progress
    stores: Stores
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    jobs: int = 0
    open_jobs: list[Job] = field(default_factory=list)

    def take(self) -> Work | None:
        """Return the suite a free job should run now: one nobody runs, else the longest."""
        with self.lock:
            left = [work for work in self.works if work.cases and not work.is_over()]
            alone = [work for work in left if not work.running]
            shared = [w for w in left if w.seconds is None and len(w.cases) >= WORTH_JOINING]
            if not alone and not shared:
                return None
            work = alone[0] if alone else max(shared, key=lambda one: len(one.cases))
            work.running += 1
            work.began = work.began or time.monotonic()
            return work

    def case(self, work: Work) -> str | None:
        """Return the next case of a suite, None when it has no more or its time is over."""
        with self.lock:
            if self.stop.is_set() or work.is_over() or not work.cases:
                return None
            work.taken += 1
            return work.cases.popleft()

    def open_job(self, work: Work) -> Job:
        """Start a process for a suite. Raises JobEndedError when it cannot be opened."""
        with self.lock:
            self.jobs += 1
            folder = self.folder / f"job-{self.jobs}"
        job = Job(work.suite, self.progress.seed, folder, self.stores.database(work.suite.database))
        self.open_jobs.append(job)
        try:
            job.open()
        except JobEndedError:
            self.close(job)
            raise
        return job

    def close(self, job: Job) -> None:
        """End the process of a suite."""
        job.close()
        self.open_jobs.remove(job)

    def note(self, work: Work, case: str, outcome: Outcome, seconds: float) -> None:
        """Keep and tell what came of a case."""
        row = Finished(
            work.suite.name, case, self.progress.seed, self.progress.commit, outcome, seconds
        )
        self.progress.add(row)
        for violation in outcome.violations[:3]:
            print(f"VIOLATED {work.suite.name} {case}: {violation}", flush=True)


def run_works(board: Board, jobs: int) -> None:
    """Run everything on the board with so many jobs side by side."""
    threads = [threading.Thread(target=_serve, args=(board,), daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
    except KeyboardInterrupt:
        board.stop.set()
        for job in list(board.open_jobs):
            job.end()
        for thread in threads:
            thread.join(10)
        raise


def _serve(board: Board) -> None:
    while not board.stop.is_set():
        work = board.take()
        if work is None:
            return
        try:
            _run_cases(board, work)
        finally:
            with board.lock:
                work.running -= 1


def _run_cases(board: Board, work: Work) -> None:
    began, count, job = time.monotonic(), 0, None
    try:
        while (case := board.case(work)) is not None:
            if job is None:
                try:
                    job = board.open_job(work)
                except Exception as error:
                    board.note(work, case, Outcome(injected=0, violations=[str(error)]), 0.0)
                    with board.lock:
                        work.cases.clear()
                    return
            try:
                board.note(work, case, *job.run(case))
            except JobEndedError as error:
                if board.stop.is_set():
                    return
                board.note(work, case, Outcome(violations=[str(error)]), work.suite.limit)
                board.close(job)
                job = None
            count += 1
    finally:
        if job:
            board.close(job)
        took = time.monotonic() - began
        print(
            f"{work.suite.name}: {count} cases in {took:.0f} s, {len(work.cases)} left", flush=True
        )
