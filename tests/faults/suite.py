"""What a suite of faults is: named cases that inject faults and look what came of it."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """What came of one case."""

    injected: int = 1
    """Faults this case injected."""
    violations: list[str] = field(default_factory=list)
    """One sentence for each promise that was broken; empty: the promises held."""
    figures: dict[str, float] = field(default_factory=dict)
    """What was measured; the table shows the largest of all cases."""


Run = Callable[[str, random.Random], Outcome]
"""Runs one case by its name. The random numbers depend on seed, suite and case alone."""


class Suite(ABC):
    """A suite of cases that all try to break the same promises in the same way."""

    name: str
    """Unique; used on the command line."""
    promises: tuple[str, ...]
    """The numbers of the promises it attacks, like `P4`."""
    title: str
    """One line for the table."""
    target: int
    """How many faults must be injected before the promise counts as shown."""
    database: str = "sqlite"
    """`sqlite` or `postgres`: what the job's process gets, empty and migrated."""
    needs: tuple[str, ...] = ()
    """What must be on this machine, in the words of `tests/lanes.py`."""
    weight: float = 1.0
    """Share of the time of a sample."""
    limit: float = 180.0
    """Seconds after which a case that has not ended counts as violated."""

    @abstractmethod
    def cases(self) -> Sequence[str]:
        """Return the names of all cases in order; each is enough, with the seed, to run it."""

    def sampled(self) -> Sequence[str]:
        """Return the names to draw a sample from, where finding all cases takes long."""
        return self.cases()

    @abstractmethod
    def opened(self, folder: Path) -> AbstractContextManager[Run]:
        """Prepare what the cases share and yield what runs one; `folder` is empty scratch space.

        Called once in each process, after Django was set up and the database was migrated.
        """


def randomness(seed: int, suite: str, case: str) -> random.Random:
    """Return the random numbers of one case."""
    return random.Random(f"{seed}/{suite}/{case}")
