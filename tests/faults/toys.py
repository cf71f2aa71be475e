"""Suites without a product: they break in known ways, to show that the frame notices."""

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.suite import Outcome, Run, Suite


class Toy(Suite):
    """Does what the name of the case says."""

    promises = ("P0",)
    title = "a suite to test the frame with"

    def __init__(self, attribute: str, database: str = "sqlite") -> None:
        self.name = f"tests.faults.toys:{attribute}"
        self.database = database
        self.target = 5
        self.limit = 3.0

    def cases(self) -> Sequence[str]:
        return [f"good-{index}" for index in range(12)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        assert folder.is_dir()
        yield self.run

    def run(self, case: str, random: random.Random) -> Outcome:
        """Run one case: `bad`, `raising`, `dying`, `hanging` or a good one."""
        from egress.models import Person

        people = Person.objects.count()
        if case == "raising":
            raise ValueError("a toy broke")
        if case == "dying":
            os._exit(3)
        if case == "hanging":
            time.sleep(60)
        violations = ["It went wrong."] if case == "bad" else []
        return Outcome(1, violations, {"people": people, "drawn": random.random()})


TOY = Toy("TOY")
TOY_ON_POSTGRES = Toy("TOY_ON_POSTGRES", "postgres")
