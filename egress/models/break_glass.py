"""Openings at once, without the usual approval, and the second look at each."""

from django.db import models
from django.db.models import F, Q

from egress.models.person import Person
from egress.models.request import Request


class BreakGlass(models.Model):
    """One request that somebody opened at once, in an emergency. Never deleted.

    `ends_at` is when its grants end at the latest, unless an ordinary renewal prolongs them.
    Somebody independent answers by `look_by`; `looked_at` is when they did, or when nobody had.
    """

    class Outcome(models.TextChoices):
        """What came of the second look."""

        PENDING = "pending", "Waits for a second look"
        CONFIRMED = "confirmed", "Confirmed"
        ENDED = "ended", "Ended"
        LAPSED = "lapsed", "Ended unanswered"

    request = models.OneToOneField(Request, models.PROTECT, related_name="break_glass")
    opened_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reason = models.TextField(max_length=2000)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    look_by = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.PENDING)
    looked_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    looked_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "break-glass openings"
        indexes = [
            models.Index(
                fields=["look_by"], condition=Q(outcome="pending"), name="second_looks_awaited"
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="a_break_glass_opening_is_short_lived",
                condition=Q(ends_at__gt=F("opened_at"), look_by__gt=F("opened_at")),
            ),
            models.CheckConstraint(
                name="nobody_looks_twice_at_their_own_opening",
                condition=Q(looked_by__isnull=True) | ~Q(looked_by=F("opened_by")),
            ),
            models.CheckConstraint(
                name="a_second_look_says_who_and_when",
                condition=Q(outcome="pending", looked_at__isnull=True, looked_by__isnull=True)
                | Q(outcome="lapsed", looked_at__isnull=False, looked_by__isnull=True)
                | Q(
                    outcome__in=["confirmed", "ended"],
                    looked_at__isnull=False,
                    looked_by__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} by {self.opened_by}"

    @property
    def is_awaited(self) -> bool:
        """Whether the second look is still to come."""
        return self.outcome == self.Outcome.PENDING
