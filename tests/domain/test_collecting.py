"""Garbage is looked for when nobody waits for it, and not less for that."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from egress.domain.collecting import LATER, collect_between_answers, collect_if_due


class Knot:
    """Something that only the garbage collection takes away."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _by_hand() -> Iterator[None]:
    before = gc.get_threshold()
    gc.disable()
    yield
    gc.set_threshold(*before)
    gc.enable()


def test_python_looks_by_itself_so_much_later() -> None:
    gc.set_threshold(700, 10, 10)
    collect_between_answers()
    assert gc.get_threshold() == (700, 10, 10 * LATER)


def test_what_lived_through_a_few_looks_is_taken_away_when_that_is_due() -> None:
    gc.set_threshold(700, 10, 2 * LATER)
    knot = Knot()
    left = weakref.ref(knot)
    gc.collect()
    del knot
    collect_if_due()
    assert left() is not None
    for _ in range(2):
        gc.collect(1)
    assert left() is not None
    collect_if_due(sender=None, signal=None)
    assert left() is None
