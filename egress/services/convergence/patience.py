"""How long a slice waits for what others are doing: a moment first, longer each time.

Kept in memory: a process that does not know how long a slice has waited looks a little too often.
"""

import threading

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0

_waited: dict[int, int] = {}
_lock = threading.Lock()


def next_wait(slice_id: int) -> float:
    """Return the seconds to wait before a slice is looked at again."""
    with _lock:
        times = _waited.get(slice_id, 0)
        _waited[slice_id] = times + 1
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(times, 10))


def forget(slice_id: int) -> None:
    """Begin anew: the slice waits for nothing any more."""
    with _lock:
        _waited.pop(slice_id, None)
