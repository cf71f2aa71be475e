"""Deciding in somebody's place while they are away."""

from django.db import models
from django.db.models import F, Q

from egress.models.person import Person


class Delegation(models.Model):
    """An approver lends their scopes to another person for a time.

    `lender` lends to `delegate` from `starts_at` to before `ends_at`, or to `revoked_at`. Nothing
    is copied: what is lent is what the lender may decide at the moment that it is used.
    """

    lender = models.ForeignKey(Person, models.CASCADE, related_name="lent")
    delegate = models.ForeignKey(Person, models.CASCADE, related_name="borrowed")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="nobody_lends_to_themselves", condition=~Q(lender=F("delegate"))
            ),
            models.CheckConstraint(
                name="a_delegation_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lender} to {self.delegate}"
