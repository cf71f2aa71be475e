"""P1 and P16 with the real services: random lives of requests and grants, and a real cluster.

After each step and each write, every host that is open in a namespace traces to an approved
grant that is not ended, or that ended and is still being removed.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from egress.services.requests import decisions, renewals, submissions
from egress.services.requests.sights import UNSEEN
from tests.faults.grounds import broken_chain, hurry_sqlite, world
from tests.faults.lives import NAMESPACES, STEPS, Life
from tests.faults.suite import Outcome, Run, Suite

CASES = 100
LIVES = 2


class ModelOfServices(Suite):
    """Lives in a database and an in-process cluster."""

    name = "model-services"
    promises = ("P1", "P16")
    title = f"Random lives of {STEPS} steps through services, database and cluster, with crashes"
    target = CASES * LIVES
    weight = 1.5

    def cases(self) -> Sequence[str]:
        """Return numbered batches."""
        return [f"lives-{number}" for number in range(CASES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Look at no cluster before decisions: who stands in the way is another suite's."""
        hurry_sqlite()
        with ExitStack() as stack:
            for one in (decisions, submissions, renewals):
                stack.enter_context(mock.patch.object(one, "look", return_value=UNSEEN))
            yield run


MODEL_OF_SERVICES = ModelOfServices()


def run(case: str, chance: random.Random) -> Outcome:
    """Live some lives, each in a cluster of its own."""
    wrong: list[str] = []
    for number in range(LIVES):
        with world(*NAMESPACES) as made:
            life = Life(made, chance)
            with life.watching():
                life.live()
            said = [*life.wrong, *broken_chain()]
            wrong += [f"Life {number}: {one}" for one in said[:5]]
    return Outcome(LIVES, wrong)
