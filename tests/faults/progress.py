"""What was run already: one line for each case, kept between runs so that they can go on."""

import hashlib
import json
import subprocess
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.suite import Outcome

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Finished:
    """One case that was run, and the time it took in seconds."""

    suite: str
    case: str
    seed: int
    commit: str
    outcome: Outcome
    seconds: float


def commit() -> str:
    """Return the commit under test; changes that are not committed have a name of their own."""
    head = _git("rev-parse", "--short", "HEAD").strip() or "none"
    changed = _git("diff", "HEAD")
    for path in sorted(_git("ls-files", "--others", "--exclude-standard").split()):
        if (ROOT / path).is_file():
            changed += path + hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    return f"{head}+{hashlib.sha256(changed.encode()).hexdigest()[:8]}" if changed else head


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False, encoding="utf-8"
    )
    return done.stdout if done.returncode == 0 else ""


@dataclass
class Progress:
    """The results file, and what of it belongs to this seed and commit."""

    path: Path
    seed: int
    commit: str
    done: dict[tuple[str, str], Finished] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """Read what earlier runs of the same seed and commit left."""
        if not self.path.exists():
            return
        text = self.path.read_text()
        if not text.endswith("\n"):
            with self.path.open("a") as file:
                file.write("\n")
        for line in text.splitlines():
            try:
                row: dict[str, Any] = json.loads(line)
            except json.JSONDecodeError:
                continue  # The run was cut off while it wrote this line.
            if row["seed"] == self.seed and row["commit"] == self.commit:
                finished = Finished(**{**row, "outcome": Outcome(**row["outcome"])})
                self.done[finished.suite, finished.case] = finished

    def add(self, finished: Finished) -> None:
        """Note a case that has ended."""
        with self._writing:
            self.done[finished.suite, finished.case] = finished
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(finished)) + "\n")

    def of(self, suite: str) -> list[Finished]:
        """Return the finished cases of a suite."""
        with self._writing:
            return [one for one in self.done.values() if one.suite == suite]
