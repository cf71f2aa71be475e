"""The right to write one slice: for a time, and under a number that only rises."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Now

from egress.models import Slice
from egress.services.convergence import upgrading
from egress.services.convergence.clock import database_now, from_now, steady


class ClaimLostError(Exception):
    """Somebody else may have claimed the slice by now: write nothing more."""


@dataclass(frozen=True)
class Again:
    """Why a slice stays due, and when it is looked at again: at `at`, or in `wait` seconds.

    `counts` tells whether this was a failed attempt, which makes the next wait longer.
    """

    reason: str
    message: str
    at: datetime | None = None
    wait: float = 0.0
    counts: bool = True


class Claim:
    """A claimed slice. `generation` is what a delivery renders at least.

    `is_quiet` tells whether no abandoned write could be on its way any more when it was claimed.
    All of a delivery goes by that one answer, which is older than whatever it reads: something
    may arrive between the two, and must not be taken for gone.
    """

    def __init__(self, row: Slice, asked_at: float) -> None:
        """`asked_at` is a reading of `steady()` from before the lease was asked for."""
        self.row = row
        self.worker = row.holder
        self.fence = row.fence
        self.generation = row.wanted
        self.is_quiet = row.quiet_at is None or database_now() >= row.quiet_at
        self._asked_at = asked_at
        self._has_late_writes = False

    def check(self) -> None:
        """Make sure the slice is still ours, and for long enough to finish one write.

        Asks the database. Raises ClaimLostError.
        """
        if steady() - self._asked_at > settings.LEASE_SECONDS / 3:
            self._extend()
        elif not self._mine().exists():
            raise ClaimLostError(str(self))
        self.require_time()

    def require_time(self) -> None:
        """Make sure that the lease is long enough to finish one write, by the local clock.

        Nothing but the write itself may happen between this and the write. Raises ClaimLostError.
        """
        until = self._asked_at + settings.LEASE_SECONDS - settings.CALL_TIMEOUT_SECONDS
        if steady() >= until:
            raise ClaimLostError(str(self))

    def lock(self) -> None:
        """Keep the slice until the caller's transaction ends. Raises ClaimLostError."""
        if not self._mine().update(fence=F("fence")):
            raise ClaimLostError(str(self))

    def stays(self) -> bool:
        """Tell whether nobody else has claimed the slice since, however old the lease is.

        If so, nobody can until the caller's transaction ends.
        """
        return bool(Slice.objects.filter(pk=self.row.pk, fence=self.fence).update(fence=F("fence")))

    def finish(self, reason: str = "", message: str = "") -> None:
        """Give the slice back as done, in the caller's transaction. Raises ClaimLostError.

        `reason` and `message` tell what is wrong in a way that trying again cannot change. What
        was marked while the slice was held stays due.
        """
        self._give_back(
            done=self.generation,
            attempts=0,
            problem_reason=reason[:64],
            problem=message[:1000],
            converged_at=Now(),
            generator_version=upgrading.version(),
        )

    def put_off(self, again: Again) -> None:
        """Give the slice back as still due, in the caller's transaction. Raises ClaimLostError."""
        later = Value(again.at, DateTimeField()) if again.at else from_now(again.wait)
        self._give_back(
            attempts=F("attempts") + 1 if again.counts else F("attempts"),
            due_at=Case(When(Q(wanted=self.generation), then=later), default=F("due_at")),
            problem_reason=again.reason[:64],
            problem=again.message[:1000],
        )

    def release(self) -> None:
        """Give the slice back as it was: still due if it was due. Does nothing once it is lost."""
        self._mine().update(**self._freed())

    def expect_late_writes(self) -> None:
        """Give the slice back as one that a write of ours may still arrive at, whatever comes.

        Should it not be given back, its lease runs out, which tells whoever is next the same.
        """
        self._has_late_writes = True

    def _give_back(self, **changes: object) -> None:
        if not self._mine().update(**self._freed(), **changes):
            raise ClaimLostError(str(self))

    def _freed(self) -> dict[str, object]:
        quiet = {"quiet_at": from_now(settings.CALL_TIMEOUT_SECONDS)}
        return {"holder": "", "lease_until": None, **(quiet if self._has_late_writes else {})}

    def _mine(self) -> QuerySet[Slice]:
        return Slice.objects.filter(
            pk=self.row.pk, fence=self.fence, holder=self.worker, lease_until__gt=Now()
        )

    def _extend(self) -> None:
        asked_at = steady()
        if not self._mine().update(lease_until=from_now(settings.LEASE_SECONDS)):
            raise ClaimLostError(str(self))
        self._asked_at = asked_at

    def __str__(self) -> str:
        return f"{self.row.key}, claimed by {self.worker} under number {self.fence}"
