"""Webhooks: programs that are told what happened, with a signature."""

from django.db import models

from egress.domain.webhooks import GROUP_WORDS
from egress.models.cluster import Cluster

GROUPS = list(GROUP_WORDS.items())


class Webhook(models.Model):
    """The address of a program that is told of events, set by admins.

    `sealed_url` and `sealed_secret` are sealed like the credentials of clusters; `shown` is what
    people may see of the address. After a change of the secret both sign until
    `old_secret_until`. `seen` is the number of the last audit event that was looked at.
    An empty `cluster` means every cluster; `namespaces` is a shell pattern.
    """

    name = models.CharField(max_length=100, unique=True)
    sealed_url = models.BinaryField()
    shown = models.CharField(max_length=300)
    sealed_secret = models.BinaryField()
    sealed_old_secret = models.BinaryField(default=bytes)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    groups = models.JSONField(default=list)
    cluster = models.ForeignKey(Cluster, models.CASCADE, null=True, blank=True, related_name="+")
    namespaces = models.CharField(max_length=253, default="*")
    is_active = models.BooleanField(default=True)
    seen = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_ok = models.BooleanField(default=False)
    last_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
