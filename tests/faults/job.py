"""The process in which the cases of one suite run, started by `tests/faults/jobs.py`.

It reads the names of cases from standard input, one a line, and writes what came of each as a
line of JSON to the file descriptor it is given; what the code under test prints goes elsewhere.
"""

import argparse
import json
import os
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.suite import Run

LAST_LINES = 12


def main() -> None:
    """Open a suite and run the cases asked for until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("suite", "seed", "folder", "answers"):
        parser.add_argument(f"--{name}", required=True)
    asked = parser.parse_args()
    set_up_django()
    from tests.faults.suites import suite_named  # suites may import models

    suite = suite_named(asked.suite)
    with os.fdopen(int(asked.answers), "w") as answers:
        try:
            with suite.opened(Path(asked.folder)) as run:
                _answer(answers, {"opened": True})
                for line in sys.stdin:
                    _answer(answers, _run(run, suite.name, line.rstrip("\n"), int(asked.seed)))
        except Exception:
            _answer(answers, {"broken": last_lines()})
            raise


def set_up_django() -> None:
    """Set up Django, with settings from the environment."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()


def last_lines() -> str:
    """Return the end of the traceback of the exception under way."""
    return "\n".join(traceback.format_exc().strip().splitlines()[-LAST_LINES:])


def _run(run: "Run", suite: str, case: str, seed: int) -> dict[str, object]:
    from tests.faults.suite import Outcome, randomness

    began = time.monotonic()
    try:
        outcome = run(case, randomness(seed, suite, case))
    except Exception:
        outcome = Outcome(violations=[f"The case broke off: {last_lines()}"])
    return {"outcome": asdict(outcome), "seconds": round(time.monotonic() - began, 3)}


def _answer(answers: IO[str], row: dict[str, object]) -> None:
    answers.write(json.dumps(row) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
