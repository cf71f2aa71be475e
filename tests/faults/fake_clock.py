"""Clocks that a suite sets: true time, the database's, and that of whoever asks Django."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.utils import timezone

from egress.services.convergence import clock

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""Half an hour before the clocks of Europe go forward."""


@dataclass
class FakeClock:
    """`true` is what really went by, in seconds; the skews are what clocks are wrong by."""

    true: float = 0.0
    database_skew: float = 0.0
    worker_skew: float = 0.0
    start: datetime = field(default=START)

    def now(self) -> datetime:
        """Return the true time."""
        return self.start + timedelta(seconds=self.true)

    def database(self) -> datetime:
        """Return the time of the database."""
        return self.now() + timedelta(seconds=self.database_skew)

    def worker(self) -> datetime:
        """Return the time of the machine the portal runs on."""
        return self.now() + timedelta(seconds=self.worker_skew)

    def steady(self) -> float:
        """Return what a clock says that nobody sets."""
        return 10_000.0 + self.true

    def _connected(self, connection: Any, **_: Any) -> None:
        connection.connection.create_function("STRFTIME", -1, self.strftime)

    def strftime(self, form: str, *_: Any) -> str:
        """Return the database's time as SQLite's own function words it."""
        return self.database().strftime(form.replace("%f", "%S.") + "%f")[:-3]


@contextmanager
def fake_clock() -> Iterator[FakeClock]:
    """Let everything that reads a clock read this one, SQLite included."""
    made = FakeClock()
    steadily = SimpleNamespace(
        CLOCK_BOOTTIME=0, clock_gettime=lambda _: made.steady(), monotonic=made.steady
    )
    with (
        mock.patch.object(timezone, "now", made.worker),
        mock.patch.object(clock, "timezone", SimpleNamespace(now=made.database)),
        mock.patch.object(clock, "time", steadily),
        mock.patch.object(clock, "_watch", clock.ClockWatch()),
    ):
        connection.close()
        connection_created.connect(made._connected, weak=False)
        try:
            yield made
        finally:
            connection_created.disconnect(made._connected)
            connections.close_all()
