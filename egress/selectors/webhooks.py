"""The webhooks of the company and what was sent to them. For admins."""

from django.db.models import QuerySet

from egress.models import Outgoing, Webhook
from egress.selectors.joins import with_clusters

MESSAGES_SHOWN = 20


def all_webhooks() -> QuerySet[Webhook]:
    """Return every webhook, those in use first."""
    return with_clusters(Webhook.objects.all()).order_by("-is_active", "name")


def latest_calls(webhook: Webhook) -> list[Outgoing]:
    """Return the latest messages to a webhook, newest first."""
    return list(webhook.messages.order_by("-pk")[:MESSAGES_SHOWN])
