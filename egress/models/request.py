"""Requests: what somebody wishes, what was said about it, and how it was decided."""

from datetime import timedelta

from django.db import models

from egress.domain.access import Destination, Protocol, Resolution, Subject, Wish
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models.cluster import Cluster
from egress.models.person import Person
from egress.models.risk import Risk


class Request(models.Model):
    """One person's wish. `revision` rises with each edit; a decision names the one it saw.

    `duration_days` empty asks for access without an end date. `findings` is what the policies
    said at the last submit or edit, a list of {reason, message, level, field}, and `risk` the
    highest level among them. `adopts_digest` binds the foreign object that the request takes
    over, empty when it takes over none. `reminded_at` and `escalated_at` say when approvers were
    reminded of it and admins told.
    """

    STATUSES = [(status.value, status.value) for status in RequestStatus]

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="requests")
    requester = models.ForeignKey(Person, models.PROTECT, related_name="requests")
    namespace = models.CharField(max_length=63)
    service_account = models.CharField(max_length=253, blank=True)
    namespace_uid = models.CharField(max_length=64)
    service_account_uid = models.CharField(max_length=64, blank=True)
    reason = models.TextField(max_length=2000)
    ticket = models.URLField(max_length=500, blank=True)
    duration_days = models.PositiveIntegerField(null=True, blank=True)
    renews = models.ForeignKey(
        "egress.Grant", models.PROTECT, null=True, blank=True, related_name="renewals"
    )
    status = models.CharField(max_length=16, choices=STATUSES, default=RequestStatus.PENDING)
    revision = models.PositiveIntegerField(default=1)
    findings = models.JSONField(default=list, blank=True)
    risk = models.PositiveSmallIntegerField(choices=Risk, default=Risk.CLEAR, db_default=Risk.CLEAR)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decision_note = models.TextField(max_length=2000, blank=True)
    decision_digest = models.CharField(max_length=64, blank=True)
    adopts_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"]),
            models.Index(fields=["requester", "-id"]),
            models.Index(fields=["cluster", "namespace", "-id"]),
            models.Index(fields=["namespace", "-id"]),
            models.Index(fields=["cluster", "namespace_uid", "-id"]),
            models.Index(
                fields=["-risk", "id"],
                name="pending_by_risk",
                condition=models.Q(status=RequestStatus.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    @property
    def subject(self) -> Subject:
        """Return who would get access."""
        return Subject(self.namespace, self.service_account)

    @property
    def duration(self) -> timedelta | None:
        """Return how long access is asked for, None without an end date."""
        return None if self.duration_days is None else timedelta(days=self.duration_days)

    @property
    def is_pending(self) -> bool:
        """Whether the request still waits for a decision."""
        return self.status == RequestStatus.PENDING

    def wish(self) -> Wish:
        """Return what the policies judge."""
        asked = tuple(row.destination for row in self.destinations.all())
        return Wish(self.subject, asked, self.duration)


class RequestDestination(models.Model):
    """One destination of a request, and the verdict on it."""

    VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]

    request = models.ForeignKey(Request, models.CASCADE, related_name="destinations")
    position = models.PositiveSmallIntegerField()
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    protocol = models.CharField(max_length=8)
    tls_origination = models.BooleanField(default=False)
    addresses = models.JSONField(default=list, blank=True)
    resolution = models.CharField(max_length=16, default="DNS")
    alias = models.CharField(max_length=63, blank=True)
    verdict = models.CharField(max_length=16, choices=VERDICTS, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "position"], name="one_destination_per_position"
            )
        ]

    def __str__(self) -> str:
        return str(self.destination)

    @property
    def destination(self) -> Destination:
        """Return the destination as the domain knows it."""
        return Destination(
            host=self.host,
            port=self.port,
            protocol=Protocol(self.protocol),
            tls_origination=self.tls_origination,
            addresses=tuple(self.addresses),
            resolution=Resolution(self.resolution),
            alias=self.alias,
        )


class RequestStage(models.Model):
    """One step of approval that a request was found to need at the last submit or look.

    An approval asks the policies again; the rows say whose queue the request stands in.
    `approvals` is how many distinct people it takes; `team` is the name of the team whose members
    they are, empty for any approver in scope.
    """

    request = models.ForeignKey(Request, models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=63)
    approvals = models.PositiveSmallIntegerField()
    team = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["request", "position"], name="one_stage_per_position")
        ]
        indexes = [
            models.Index(
                fields=["team", "request"], name="stages_of_teams", condition=~models.Q(team="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.request}"


class Approval(models.Model):
    """One approver's word on one revision. With several approvers all must say the same.

    `verdicts` maps positions to verdicts; `digest` binds revision, verdicts and duration. `stage`
    is the name of the step it was counted for; `lender` is whose scope was used, if another's.
    """

    request = models.ForeignKey(Request, models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(Person, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField()
    verdicts = models.JSONField()
    duration_days = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64)
    stage = models.CharField(max_length=63, blank=True, default="", db_default="")
    lender = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(max_length=2000, blank=True)
    given_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "approver", "revision"], name="one_approval_per_revision"
            )
        ]

    def __str__(self) -> str:
        return f"{self.approver} on {self.request}"


class Comment(models.Model):
    """What somebody wrote below a request."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="comments")
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40]}"
