"""Run a case of a suite within a test: with a bug planted, it has to be noticed."""

from pathlib import Path

from tests.faults.job import last_lines
from tests.faults.suite import Outcome, Suite, randomness

SEED = 20261121


def outcome_of(suite: Suite, case: str, folder: Path) -> Outcome:
    """Return what comes of one case here and now, an exception counting as a violation."""
    with suite.opened(folder) as run:
        try:
            return run(case, randomness(SEED, suite.name, case))
        except Exception:
            return Outcome(violations=[last_lines()])
