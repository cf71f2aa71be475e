"""Garbage collection that leaves alone what is no garbage."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LATER = 10

_lock = threading.Lock()
_waiting = 0
_was_on = False


def keep_what_is_loaded() -> None:
    """Leave everything that is there by now out of every later look for reference cycles.

    For processes that run long, once they are loaded: what they loaded stays, and looking through
    it takes a tenth of a second, every few pages.
    """
    gc.collect()
    gc.freeze()


def collect_between_answers() -> None:
    """Put off complete looks for reference cycles until `collect_if_due` is called.

    For processes that answer one request after the other. Else one answer in fifteen waits for
    what the others left behind, as long as it takes to make a short one. Where nothing ends for
    long, Python still looks, LATER times as seldom.
    """
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, old * LATER)


def collect_if_due(**_: object) -> None:
    """Look for reference cycles now, if Python would have by itself. A receiver of signals."""
    if gc.get_count()[2] * LATER >= gc.get_threshold()[2]:
        gc.collect()


@contextmanager
def collection_waits() -> Iterator[None]:
    """Let Python look for reference cycles after the block instead of during it.

    Whoever builds a hundred thousand nested mappings makes it look at all of them again and
    again, which takes as long as building them. Blocks of several threads may overlap: it goes
    on when the last of them ends, and stays off when it was off before.
    """
    global _waiting, _was_on
    with _lock:
        if _waiting == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _waiting += 1
    try:
        yield
    finally:
        with _lock:
            _waiting -= 1
            if _waiting == 0 and _was_on:
                gc.enable()
