"""What time does to many rows at once: each in a transaction of its own."""

from collections.abc import Callable, Iterable

import structlog
from django.db import InterfaceError, OperationalError

from egress.services.errors import Unavailable

logger = structlog.get_logger(__name__)


def do_each(pks: Iterable[int], deed: Callable[[int], bool]) -> int:
    """Call `deed` with every primary key; return for how many it did something.

    One that breaks is logged and holds no other back. Raises only what would stop them all:
    Unavailable, and a database that does not answer.
    """
    return sum(_do(pk, deed) for pk in pks)


def _do(pk: int, deed: Callable[[int], bool]) -> bool:
    try:
        return deed(pk)
    except (Unavailable, OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("row_left_as_it_is", pk=pk, deed=getattr(deed, "__qualname__", str(deed)))
        return False
