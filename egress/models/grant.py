"""Grants: one subject may reach one destination until a time."""

from django.db import models
from django.db.models import Q

from egress.domain.access import Access, Destination, Protocol, Resolution, Subject
from egress.domain.lifecycle import LIVE_GRANT_STATUSES, OPEN_GRANT_STATUSES, GrantStatus
from egress.domain.next_steps import NextStep, next_step
from egress.models.cluster import Cluster
from egress.models.request import Request


class Grant(models.Model):
    """Born from an approved request, never deleted, only ended.

    The duration starts when the grant becomes active: `expires_at` is empty before, and for
    grants without an end date; what was opened by break-glass has it from the beginning.
    `binding` is the SHA-256 of the decided facts; a row whose facts no longer match it is never
    rendered. `ended_at` says when access was ended in the database, `confirmed_at` when the
    cluster was seen without it.
    """

    STATUSES = [(status.value, status.value) for status in GrantStatus]

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="grants")
    request = models.ForeignKey(Request, models.PROTECT, related_name="grants")
    namespace = models.CharField(max_length=63)
    service_account = models.CharField(max_length=253, blank=True)
    namespace_uid = models.CharField(max_length=64)
    service_account_uid = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    protocol = models.CharField(max_length=8)
    tls_origination = models.BooleanField(default=False)
    addresses = models.JSONField(default=list, blank=True)
    resolution = models.CharField(max_length=16, default="DNS")
    alias = models.CharField(max_length=63, blank=True)
    status = models.CharField(max_length=16, choices=STATUSES, default=GrantStatus.PENDING)
    duration_days = models.PositiveIntegerField(null=True, blank=True)
    binding = models.CharField(max_length=64)
    granted_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    active_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    drifted_at = models.DateTimeField(null=True, blank=True)
    failed_reason = models.CharField(max_length=64, blank=True)
    failed_message = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["cluster", "namespace", "status"]),
            models.Index(fields=["cluster", "host", "status"]),
            models.Index(fields=["status", "expires_at"]),
            models.Index(fields=["status", "-id"]),
            models.Index(fields=["namespace", "-id"]),
            models.Index(fields=["service_account", "-id"]),
            models.Index(fields=["cluster", "namespace_uid", "-id"]),
            models.Index(
                fields=["cluster"], condition=Q(ended_at__isnull=True), name="grants_not_ended"
            ),
            models.Index(
                fields=["cluster"],
                condition=Q(ended_at__isnull=True, drifted_at__isnull=False),
                name="drifted_grants",
            ),
            models.Index(
                fields=["cluster"],
                condition=Q(ended_at__isnull=True) & ~Q(failed_reason=""),
                name="failed_grants",
            ),
            models.Index(
                fields=["cluster"],
                condition=Q(ended_at__isnull=False, confirmed_at__isnull=True),
                name="unconfirmed_grants",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "namespace", "service_account", "host", "port"],
                condition=Q(status__in=sorted(LIVE_GRANT_STATUSES)),
                name="one_live_grant_per_subject_and_port",
            ),
            models.CheckConstraint(
                name="ended_grants_say_when",
                condition=Q(status__in=sorted(LIVE_GRANT_STATUSES), ended_at__isnull=True)
                | Q(ended_at__isnull=False) & ~Q(status__in=sorted(LIVE_GRANT_STATUSES)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} -> {self.destination}"

    @property
    def subject(self) -> Subject:
        """Return who has access."""
        return Subject(self.namespace, self.service_account)

    @property
    def destination(self) -> Destination:
        """Return what is reached."""
        return Destination(
            host=self.host,
            port=self.port,
            protocol=Protocol(self.protocol),
            tls_origination=self.tls_origination,
            addresses=tuple(self.addresses),
            resolution=Resolution(self.resolution),
            alias=self.alias,
        )

    @property
    def access(self) -> Access:
        """Return what the renderer needs."""
        return Access(self.subject, self.destination)

    @property
    def is_live(self) -> bool:
        """Whether the grant is not ended."""
        return self.status in LIVE_GRANT_STATUSES

    @property
    def is_open(self) -> bool:
        """Whether the cluster should carry the grant."""
        return self.status in OPEN_GRANT_STATUSES

    @property
    def next_step(self) -> NextStep | None:
        """What to do about a failure, None where there is none."""
        return next_step(self.failed_reason) if self.is_live and self.failed_reason else None
