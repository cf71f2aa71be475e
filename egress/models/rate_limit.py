"""How many calls a caller has left in the window that runs."""

from django.db import models


class RateLimit(models.Model):
    """The calls of one caller in one window; a row that is older than its window means nothing.

    `caller` is `person:7` or `address:192.0.2.1`. Not a log: one row a caller, counted up in place
    by conditional updates.
    """

    caller = models.CharField(max_length=80, primary_key=True)
    window = models.BigIntegerField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["window"])]

    def __str__(self) -> str:
        return f"{self.caller}: {self.used}"
