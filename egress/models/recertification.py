"""Recertification: owners confirm or drop grants on a cycle."""

from django.db import models
from django.db.models import Q

from egress.domain.recertification import Outcome
from egress.models.grant import Grant

WAITING = Q(closed_at__isnull=True, announced_at__isnull=False)
"""Rows that wait for an answer, as the index of them says."""


class Recertification(models.Model):
    """Where one grant stands in its cycle. The worker makes the row, so grants stay as they are.

    `cycle_days` is the cycle that `due_at` was computed with. `announced_at` is empty until people
    were asked, and again after they confirmed or the grant was suspended; a grant ends by this only
    at `due_at`, so long after `announced_at` as the settings say, and a day after `reminded_at`.
    The columns `confirmed_*` and `note` tell of the last confirmation. `closed_at` is the end of it
    all, with `outcome`.
    """

    OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]

    grant = models.OneToOneField(Grant, models.PROTECT, related_name="recertification")
    cycle_days = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=OUTCOMES, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=WAITING, name="recertifications_waiting"
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(closed_at__isnull=True, announced_at__isnull=True),
                name="recertifications_ahead",
            ),
            models.Index(
                fields=["-confirmed_at", "-id"],
                condition=Q(confirmed_at__isnull=False),
                name="recertifications_confirmed",
            ),
            models.Index(
                fields=["-closed_at", "-id"],
                condition=Q(outcome__in=["dropped", "unanswered"]),
                name="recertifications_ended",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_closed_recertification_says_how",
                condition=Q(closed_at__isnull=True, outcome="")
                | Q(closed_at__isnull=False) & ~Q(outcome=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.grant_id}: due {self.due_at:%Y-%m-%d}"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to answer, as far as this row says."""
        return self.closed_at is None and self.announced_at is not None
