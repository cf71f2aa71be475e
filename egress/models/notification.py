"""What people are told: in the portal, by mail and by channels of the company."""

from django.db import models
from django.db.models import Q

from egress.domain.notices import (
    CHANNEL_WORDS,
    DEFAULT_DIGEST_HOUR,
    KIND_WORDS,
    WAY_WORDS,
)
from egress.models.cluster import Cluster
from egress.models.grant import Grant
from egress.models.person import Person
from egress.models.request import Request
from egress.models.webhook import Webhook

KINDS = [(kind.value, words) for kind, words in KIND_WORDS.items()]
CHANNEL_KINDS = [(kind.value, words) for kind, words in CHANNEL_WORDS.items()]
WAYS = [(way.value, words) for way, words in WAY_WORDS.items()]


class Channel(models.Model):
    """A place outside the portal where messages go, set by admins.

    `sealed_url` is the whole address, sealed like the credentials of clusters; `shown` is what
    people may see of it. An empty `cluster` means every cluster; `namespaces` is a shell pattern.
    """

    name = models.CharField(max_length=100, unique=True)
    sealed_url = models.BinaryField()
    shown = models.CharField(max_length=300)
    kinds = models.JSONField(default=list)
    cluster = models.ForeignKey(Cluster, models.CASCADE, null=True, blank=True, related_name="+")
    namespaces = models.CharField(max_length=253, default="*")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_ok = models.BooleanField(default=False)
    last_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Outgoing(models.Model):
    """One message on its way: a mail to a person, or one to a channel or a webhook.

    `key` is the message's id and stays the same through all attempts. A mail is written when it
    is sent, from its notifications that the person may still see. `body` is what a webhook gets.
    """

    class Status(models.TextChoices):
        """Where a message stands."""

        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not needed any more"
        GIVEN_UP = "given-up", "Given up"

    key = models.CharField(max_length=100, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="+")
    channel = models.ForeignKey(
        Channel, models.CASCADE, null=True, blank=True, related_name="messages"
    )
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, null=True, blank=True, db_index=False, related_name="messages"
    )
    body = models.TextField(blank=True, default="", db_default="")
    kind = models.CharField(max_length=16, blank=True)
    about = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    link = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "outgoing"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="waiting_messages"),
            models.Index(fields=["channel", "-id"], name="messages_of_channel"),
            models.Index(fields=["settled_at"], name="settled_messages"),
            models.Index(
                fields=["webhook", "-id"],
                condition=Q(webhook__isnull=False),
                name="messages_of_webhook",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_message_goes_to_one_place",
                condition=Q(person__isnull=False, channel__isnull=True, webhook__isnull=True)
                | Q(person__isnull=True, channel__isnull=False, webhook__isnull=True)
                | Q(person__isnull=True, channel__isnull=True, webhook__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.key


class Notification(models.Model):
    """One thing that one person is told. `about` names what, such as `request:7`.

    `event` is the number of the audit event it comes from. At most one of `request`, `grant` and
    `cluster` is set: who may not see that any more does not see the notification either.
    `outgoing` is the mail in which it goes; `in_digest` lets it wait for the next daily mail.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="notifications")
    event = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=16, choices=KINDS)
    about = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=1000, blank=True)
    link = models.CharField(max_length=200)
    request = models.ForeignKey(Request, models.CASCADE, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(Grant, models.CASCADE, null=True, blank=True, related_name="+")
    cluster = models.ForeignKey(Cluster, models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    in_digest = models.BooleanField(default=False)
    outgoing = models.ForeignKey(
        Outgoing, models.SET_NULL, null=True, blank=True, related_name="notifications"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="notifications_of_person"),
            models.Index(
                fields=["person", "-id"], condition=Q(read_at=None), name="unread_notifications"
            ),
            models.Index(fields=["about", "kind"], name="notifications_about"),
            models.Index(
                fields=["person"], condition=Q(in_digest=True), name="digest_notifications"
            ),
            models.Index(fields=["read_at"], name="read_notifications"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "event", "about"], name="nobody_is_told_twice_of_an_event"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """By which way one person hears of one kind."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="preferences")
    kind = models.CharField(max_length=16, choices=KINDS)
    way = models.CharField(max_length=16, choices=WAYS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="one_way_per_person_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind} by {self.way}"


class DigestTime(models.Model):
    """When somebody gets the daily mail: the hour in UTC, and the day of the last one."""

    person = models.OneToOneField(Person, models.CASCADE, related_name="digest_time")
    hour = models.PositiveSmallIntegerField(default=DEFAULT_DIGEST_HOUR)
    last_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.person}: {self.hour}:00"


class NotificationCursor(models.Model):
    """Up to which audit event people have been told: one row.

    The audit trail is the outbox: an event is stored with the change it tells of, in the order
    of the commits, and without gaps.
    """

    sequence = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.sequence)
