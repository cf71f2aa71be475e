"""Garbage collection that leaves alone what is no garbage."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
