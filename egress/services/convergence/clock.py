"""Time: the database's clock for what is stored, a steady one for how long something took."""

import time
from datetime import UTC, datetime, timedelta

import structlog
from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

logger = structlog.get_logger(__name__)

CLOCKS_AGREE_WITHIN = timedelta(seconds=45)
"""Less than the minute by which an expiry may be late or early (promise P12)."""


def database_now() -> datetime:
    """Return the time of the database: the one clock that all processes share."""
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        now: datetime = cursor.fetchone()[0]
    return now.astimezone(UTC)


def from_now(seconds: float) -> Combinable:
    """Return the expression for so many seconds after the database's present time."""
    later = Now() + timedelta(seconds=seconds)
    return ExpressionWrapper(later, output_field=DateTimeField())


def steady() -> float:
    """Return seconds on a clock that is never set, and that goes on while a machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ClockWatch:
    """Notices when the database's clock jumps against the time that really went by.

    While the two disagree, `trusted` goes on from the last time they agreed.
    """

    def __init__(self) -> None:
        self._agreed: tuple[datetime, float] | None = None

    def trusted(self, now: datetime, elapsed: float) -> datetime:
        """Return `now` when it is plausible, otherwise what the time should be.

        `elapsed` is a reading of `steady()` taken together with `now`.
        """
        if self._agreed is None:
            self._agreed = (now, elapsed)
            return now
        then, reading = self._agreed
        expected = then + timedelta(seconds=elapsed - reading)
        if abs(now - expected) > CLOCKS_AGREE_WITHIN:
            return expected
        self._agreed = (now, elapsed)
        return now


_watch = ClockWatch()


def trusted(now: datetime) -> datetime:
    """Return the database's time `now`, or what it should be when its clock has jumped.

    By this is decided whether the time of a grant is over: a clock set forward must not cut
    anybody off, one set back must not leave anything open. What this process knows of the time
    begins with its first call.
    """
    plausible = _watch.trusted(now, steady())
    if plausible != now:
        logger.error("clocks_disagree", database=str(now), expected=str(plausible))
    return plausible


def trusted_now() -> datetime:
    """Return the present time by which grants end: see `trusted`."""
    return trusted(database_now())
