"""Objects of others that lead out of a cluster: as last listed, and those asked to be adopted."""

from django.db import models
from django.db.models import Q

from egress.domain.objects import ObjectKey
from egress.models.cluster import Cluster
from egress.models.request import Request


class ForeignList(models.Model):
    """When the foreign objects of a cluster were listed last, and how many there were.

    `total` may be more than the rows that are kept.
    """

    cluster = models.OneToOneField(Cluster, models.CASCADE, related_name="foreign_list")
    looked_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.cluster}: {self.total}"


class ForeignObject(models.Model):
    """One foreign object of the last list; see `egress.domain.adoption.WayOut` for the fields."""

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="foreign_objects")
    api_version = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    resource_version = models.CharField(max_length=64)
    managers = models.JSONField(default=list, blank=True)
    hosts = models.JSONField(default=list, blank=True)
    ports = models.JSONField(default=list, blank=True)
    serves = models.JSONField(default=list, blank=True)
    sentence = models.CharField(max_length=1000, blank=True)
    adoptable = models.BooleanField(default=False)
    why_not = models.CharField(max_length=1000, blank=True)
    granted = models.JSONField(default=list, blank=True)
    search = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["cluster", "namespace", "id"])]

    def __str__(self) -> str:
        return str(self.key)

    @property
    def key(self) -> ObjectKey:
        """Return the key of the object."""
        return ObjectKey(self.api_version, self.kind, self.namespace, self.name)


class Adoption(models.Model):
    """The foreign object that a request takes over: its grants stand in for it, then it is deleted.

    `uid`, `resource_version` and `manifest` are what was looked at when it was asked for;
    `Request.adopts_digest` binds them to the decision. Nothing else is ever deleted: an object that
    was changed since is left alone, and the outcome is `stale`.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELETED = "deleted", "Deleted"
        GONE = "gone", "Gone already"
        STALE = "stale", "Changed since"
        ABANDONED = "abandoned", "Left alone"

    request = models.OneToOneField(Request, models.PROTECT, related_name="adoption")
    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="adoptions")
    api_version = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    resource_version = models.CharField(max_length=64)
    manifest = models.JSONField()
    managers = models.JSONField(default=list, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.WAITING)
    outcome_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["cluster"],
                condition=Q(outcome__in=["waiting", "stale"]),
                name="unsettled_adoptions",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} by {self.request}"

    @property
    def key(self) -> ObjectKey:
        """Return the key of the object."""
        return ObjectKey(self.api_version, self.kind, self.namespace, self.name)

    @property
    def is_waiting(self) -> bool:
        """Whether the object may still be deleted."""
        return self.outcome == self.Outcome.WAITING
