"""Lets a thread connect to the public internet only, for calls to addresses that people typed.

An address is checked when it is connected to, not before: between a look-up and a connection a
name can change what it leads to. Python's audit hook sees each connection of the thread.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from egress.domain.notices import is_outside

REFUSED = (
    "Its name leads to an address that is not public. Set EGRESS_CHANNELS_TO_PRIVATE to allow that."
)

_thread = threading.local()
_hooked = threading.Lock()
_is_hooked = False


@contextmanager
def only() -> Iterator[None]:
    """Let this thread connect to public addresses only, unless a setting allows all."""
    global _is_hooked
    _thread.refused = False
    if settings.CHANNELS_TO_PRIVATE:
        yield
        return
    with _hooked:
        if not _is_hooked:
            sys.addaudithook(_watch)
            _is_hooked = True
    _thread.watched = True
    try:
        yield
    finally:
        _thread.watched = False


def was_refused() -> bool:
    """Tell whether a connection of this thread was refused since it last entered `only`."""
    return bool(getattr(_thread, "refused", False))


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not getattr(_thread, "watched", False):
        return
    address = arguments[1]
    host = address[0] if isinstance(address, tuple) and address else ""
    if not (isinstance(host, str) and is_outside(host)):
        _thread.refused = True
        raise ConnectionRefusedError("The address is not public.")
