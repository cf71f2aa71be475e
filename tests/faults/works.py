"""What is to be run of each suite: all that was not yet, or a sample within a time."""

import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.progress import Progress
from tests.faults.suite import Suite


@dataclass
class Work:
    """The cases of one suite that are left, and when to leave the rest."""

    suite: Suite
    cases: deque[str]
    seconds: float | None = None
    running: int = 0
    began: float | None = None
    taken: int = 0
    until: float = float("inf")

    def is_over(self) -> bool:
        """Tell whether the time of the suite's sample, or of all samples, has gone by.

        Each suite runs at least one case.
        """
        if self.seconds is None or self.began is None or not self.taken:
            return False
        now = time.monotonic()
        return now > self.until or now - self.began > self.seconds


def plan(
    suites: Sequence[Suite],
    progress: Progress,
    sample: float | None,
    jobs: int,
    again: bool,
    cases: Sequence[str] = (),
) -> list[Work]:
    """Return what is to be run: all that was not yet, or a sample within `sample` seconds.

    `cases` names single ones, which are run in any case.
    """
    if cases:
        return [Work(suite, deque(cases)) for suite in suites]
    if sample is None:
        works = []
        for suite in suites:
            left = [c for c in suite.cases() if again or (suite.name, c) not in progress.done]
            works.append(Work(suite, deque(left)))
        return sorted(works, key=lambda work: -work.suite.weight)
    total = sum(suite.weight for suite in suites) or 1.0
    works = []
    for suite in suites:
        drawn = list(suite.sampled())
        random.Random(f"{progress.seed}/{suite.name}").shuffle(drawn)
        seconds = sample * min(jobs, len(suites)) * suite.weight / total
        until = time.monotonic() + sample
        works.append(Work(suite, deque(drawn), min(seconds, sample), until=until))
    return sorted(works, key=lambda work: -work.suite.weight)
