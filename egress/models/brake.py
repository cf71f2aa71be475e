"""What the brake holds, and what an admin released from it."""

from django.db import models

from egress.models.cluster import Cluster
from egress.models.delivery import Slice


class HeldRemoval(models.Model):
    """An object that the brake keeps from being removed or narrowed, as it was last found.

    `left` is the content hash of what would remain of it, empty when nothing would. `host` is the
    host or range that people know it by.
    """

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="held_removals")
    slice = models.ForeignKey(Slice, models.CASCADE, related_name="held_removals")
    api_version = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    left = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=253, blank=True)
    held_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "namespace", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "api_version", "kind", "namespace", "name"],
                name="one_row_per_held_removal",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class BrakeRelease(models.Model):
    """An admin's word that exactly these held objects may go, each once, until a time.

    `digest` names the held set that the admin saw. `objects` are the fields of its rows that tell
    one removal from another. A step of a delivery that makes use of it names it.
    """

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="brake_releases")
    digest = models.CharField(max_length=64)
    objects_released = models.JSONField(default=list)
    reason = models.CharField(max_length=500)
    released_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["cluster", "until"])]

    def __str__(self) -> str:
        return f"{self.cluster} by {self.released_by}"
