"""Ending a worker process soon: a delivery stops between two calls, and others take it up."""

import threading

_asked = threading.Event()


class StoppedError(Exception):
    """The process is about to end: give back what is not done."""


def ask() -> None:
    """Have every delivery of this process stop before its next call."""
    _asked.set()


def forget() -> None:
    """Let deliveries begin again: for a process that starts."""
    _asked.clear()


def is_asked() -> bool:
    """Tell whether nothing new may begin in this process."""
    return _asked.is_set()


def check() -> None:
    """Raise StoppedError when the process is about to end."""
    if _asked.is_set():
        raise StoppedError
