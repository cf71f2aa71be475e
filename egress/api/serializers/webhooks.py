"""Webhooks as bodies."""

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import OneOf, Text
from egress.domain.webhooks import GROUP_WORDS
from egress.models import Outgoing, Webhook


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook. Its address and secret are never shown; `shown` is the address's host."""

    cluster = serializers.CharField(source="cluster.name", default="")
    groups = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Webhook
        fields = (
            "id", "name", "shown", "groups", "cluster", "namespaces", "is_active",
            "old_secret_until", "created_at", "last_at", "last_ok", "last_message",
        )  # fmt: skip


class NewWebhookSerializer(WebhookSerializer):
    """A webhook with its secret, which is in this answer and nowhere else."""

    secret = serializers.CharField()

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class WebhookBody(Body):
    """What a webhook is to be. An empty `url` keeps the address, `cluster` empty means all."""

    name = Text(max_length=100)
    url = Text(max_length=2000, default="", allow_blank=True, help_text="Over https only.")
    groups = serializers.ListField(
        child=OneOf(choices=list(GROUP_WORDS)), max_length=len(GROUP_WORDS)
    )
    cluster = Text(max_length=63, default="", allow_blank=True)
    namespaces = Text(max_length=253, default="*")


class WebhookMessageSerializer(serializers.ModelSerializer[Outgoing]):
    """A call of a webhook: `key` is its `webhook-id`, `title` the event."""

    class Meta:
        model = Outgoing
        fields = (
            "id", "key", "title", "status", "attempts", "created_at", "due_at", "settled_at",
            "message", "body",
        )  # fmt: skip
