"""Calls to a cluster side by side, in threads that never touch the database."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")

MOST = 16
"""So many calls of one delivery are under way at most."""
_THREADS = 128

_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


def width() -> int:
    """Return how many calls of one delivery may be under way; 1 means one after the other."""
    return max(1, min(MOST, settings.REQUESTS_AT_ONCE))


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Make all calls, and return for each what it returned or raised, in the order of `calls`.

    The caller's own thread makes calls, too: a pool whose threads all wait for clusters that do
    not answer makes this slower, but never stops it. What is no `Exception` ends everything and
    is raised at once, as if the process had ended.
    """
    found: list[T | Exception] = [AssertionError("not called")] * len(calls)
    left, fatal = deque(enumerate(calls)), list[BaseException]()

    def work() -> None:
        while left and not fatal:
            try:
                position, call = left.popleft()
            except IndexError:
                return
            try:
                found[position] = call()
            except Exception as error:
                found[position] = error
            except BaseException as error:
                fatal.append(error)

    count = min(width(), len(calls)) - 1
    others = [_threads().submit(copy_context().run, work) for _ in range(count)]
    work()
    for other in others:
        if not other.cancel():
            other.result()
    if fatal:
        raise fatal[0]
    return found


def all_of(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make all calls side by side and return their results. Raises the first error there is."""
    found = []
    for one in side_by_side(calls):
        if isinstance(one, Exception):
            raise one
        found.append(one)
    return found


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(_THREADS, "egress-calls")
        return _pool


def _forget() -> None:
    """Begin anew in a process that was forked: the threads stayed behind."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
