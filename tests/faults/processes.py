"""Processes made by fork: they start in no time, and end by SIGKILL like any other."""

import json
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connections

EVERY = 0.01


@dataclass
class Child:
    """A forked process. `status` is its exit status once it has ended, -9 for SIGKILL."""

    pid: int
    says: Path
    status: int | None = None

    def has_ended(self) -> bool:
        """Tell whether the process is over, and remember how it ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the process. False when it did not come in time."""
        until = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > until:
                return False
            time.sleep(EVERY)
        return True

    def kill(self) -> None:
        """End the process without any warning."""
        if not self.has_ended():
            self.signal(signal.SIGKILL)
            self.wait(10)

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def said(self) -> list[Any]:
        """Return what the process told so far; a line it was killed in does not count."""
        if not self.says.exists():
            return []
        whole = self.says.read_text().split("\n")[:-1]
        return [json.loads(line) for line in whole]


Tell = Callable[[Any], None]


def teller(path: Path) -> Tell:
    """Return what appends a document to a file, in one write that a kill cannot tear."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(document: Any) -> None:
        os.write(file, json.dumps(document).encode() + b"\n")

    return tell


def fork(work: Callable[[Tell], None], says: Path) -> Child:
    """Run `work` in a process of its own, which may tell the caller things.

    The caller must have no threads of its own. What `work` raises ends the process with status
    1, and its traceback is told under `error`.
    """
    connections.close_all()
    pid = os.fork()
    if pid:
        return Child(pid, says)
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        tell = teller(says)
        try:
            work(tell)
            connections.close_all()
            status = 0
        except BaseException:
            tell({"error": traceback.format_exc()[-3000:]})
    finally:
        os._exit(status)
    raise AssertionError("unreachable")


@contextmanager
def forked(work: Callable[[Tell], None], says: Path) -> Iterator[Child]:
    """Run `work` in a process that is gone when the block ends."""
    child = fork(work, says)
    try:
        yield child
    finally:
        child.kill()


def expect(child: Child, name: str, seconds: float = 30.0) -> Any:
    """Wait until a process tells something under a name. Raises AssertionError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for document in child.said():
            if isinstance(document, dict) and name in document:
                return document[name]
        if child.has_ended():
            break
        time.sleep(EVERY)
    raise AssertionError(f'The process did not tell "{name}": {child.said()[-1:]}')
