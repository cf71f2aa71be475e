"""The audit trail: append-only and chained by hash."""

from typing import Any

from django.db import models


class AuditEventsAreFinalError(Exception):
    """Somebody tried to change or delete an audit event."""


class AuditEvent(models.Model):
    """Who did what to what, when, from where. Never changed, never deleted.

    `sequence` counts without gaps. `hash` covers every other field and `previous_hash`
    (`egress.domain.chain`). Database triggers refuse UPDATE and DELETE as well.
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    tag = models.CharField(max_length=64)
    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    cluster = models.CharField(max_length=63, blank=True)
    namespace = models.CharField(max_length=63, blank=True)
    host = models.CharField(max_length=253, blank=True)
    message = models.CharField(max_length=1000)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["target", "target_id", "-sequence"]),
            models.Index(fields=["tag", "-sequence"]),
            models.Index(fields=["actor", "-sequence"]),
            models.Index(fields=["cluster", "namespace", "-sequence"]),
            models.Index(fields=["namespace", "-sequence"]),
            models.Index(fields=["host", "-sequence"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.tag}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the event. Raises AuditEventsAreFinalError for one that is stored already."""
        if not self._state.adding:
            raise AuditEventsAreFinalError("An audit event cannot be changed.")
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raise AuditEventsAreFinalError, always."""
        raise AuditEventsAreFinalError("An audit event cannot be deleted.")


class AuditHead(models.Model):
    """The end of the chain: one row, updated in the transaction that appends an event."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"


class AuditCheck(models.Model):
    """A run of the chain verification, for the mark on the audit page."""

    checked_at = models.DateTimeField()
    events = models.PositiveBigIntegerField()
    valid = models.BooleanField()
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.checked_at}: {'valid' if self.valid else 'broken'}"
