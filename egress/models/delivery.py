"""What must be made true in clusters, and what was done about it."""

from django.db import models
from django.db.models import F, Q

from egress.models.cluster import Cluster


class Priority(models.IntegerChoices):
    """Which slices are converged first: what takes access away goes before what gives it."""

    REVOKE = 0, "revoke"
    GRANT = 1, "grant"
    DRIFT = 2, "drift"


class Slice(models.Model):
    """The smallest set of objects rendered together, and the outbox row that says it is due.

    Every change raises `wanted` in its own transaction; a delivery that rendered generation n
    sets `done` to n. The slice is due while `wanted > done`. `fence` rises with each claim and
    is compared before each write. `quiet_at` is the time after which no earlier, abandoned
    claim can still have a write on its way.

    `tenant` is the team whose change made the slice due: teams are served in turn.
    `generator_version` is that of the renderer whose result was last seen in the cluster.
    """

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="slices")
    key = models.CharField(max_length=320)
    wanted = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.GRANT)
    tenant = models.CharField(max_length=150, blank=True, default="", db_default="")
    due_at = models.DateTimeField()
    cause = models.CharField(max_length=300, blank=True)
    holder = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    quiet_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    problem_reason = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=1000, blank=True)
    converged_at = models.DateTimeField(null=True, blank=True)
    generator_version = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "key"], name="one_slice_per_key"),
            models.CheckConstraint(
                name="nothing_done_before_wanted", condition=Q(done__lte=F("wanted"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "due_at"], condition=Q(wanted__gt=F("done")), name="due_slices"
            ),
            models.Index(
                fields=["cluster", "tenant", "priority", "due_at"],
                condition=Q(wanted__gt=F("done")),
                name="due_slices_by_tenant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cluster} {self.key}"


class OwnedObject(models.Model):
    """An object in a cluster that the portal wrote, known by uid.

    `intent_hash` names the content a delivery is about to write; it is emptied once the result
    is recorded. A row with an intent and without uid is a write whose outcome must be read.
    """

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="owned_objects")
    slice = models.ForeignKey(Slice, models.PROTECT, related_name="owned_objects")
    api_version = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    intent_hash = models.CharField(max_length=64, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "api_version", "kind", "namespace", "name"],
                name="one_row_per_owned_object",
            )
        ]
        indexes = [models.Index(fields=["cluster", "namespace", "name"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Delivery(models.Model):
    """One execution of a plan for one slice."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        REFUSED = "refused", "Refused"
        ABANDONED = "abandoned", "Abandoned"

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="deliveries")
    slice = models.ForeignKey(Slice, models.PROTECT, related_name="deliveries")
    generation = models.PositiveBigIntegerField()
    fence = models.PositiveBigIntegerField()
    worker = models.CharField(max_length=100)
    cause = models.CharField(max_length=300, blank=True)
    generator_version = models.CharField(max_length=32)
    summary = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.RUNNING)
    reason = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=1000, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["slice", "-id"]),
            models.Index(fields=["cluster", "-id"]),
            models.Index(fields=["outcome", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.slice} {self.outcome}"


class DeliveryStep(models.Model):
    """One write of a delivery, recorded as intended before it happens and with its result after.

    `explained` is false for what is taken away although no grant ended and nobody decided it:
    the brake counts those. `release` is the word of the admin who released it from the brake.
    """

    class Result(models.TextChoices):
        INTENDED = "intended", "Intended"
        WRITTEN = "written", "Written"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        UNKNOWN = "unknown", "Unknown"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    action = models.CharField(max_length=16)
    api_version = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    diff = models.TextField(blank=True)
    explained = models.BooleanField(default=True)
    release = models.ForeignKey(
        "BrakeRelease", models.PROTECT, null=True, blank=True, related_name="steps"
    )
    result = models.CharField(max_length=16, choices=Result, default=Result.INTENDED)
    message = models.CharField(max_length=1000, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="one_step_per_position")
        ]
        indexes = [models.Index(fields=["namespace", "name", "-id"])]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.namespace}/{self.name}: {self.result}"


class Lease(models.Model):
    """A named job that one process at a time does, such as following one cluster's inventory."""

    name = models.CharField(max_length=200, unique=True)
    holder = models.CharField(max_length=100, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
