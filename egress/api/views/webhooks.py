"""Webhooks, for admins."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress import rules
from egress.api.idempotency import idempotent
from egress.api.serializers.base import NoBody
from egress.api.serializers.webhooks import (
    NewWebhookSerializer,
    WebhookBody,
    WebhookMessageSerializer,
    WebhookSerializer,
)
from egress.api.views.base import PortalView
from egress.models import Cluster, Outgoing, Webhook
from egress.selectors.clusters import visible_clusters
from egress.selectors.webhooks import all_webhooks
from egress.services.errors import NotAllowed, Refused
from egress.services.webhooks import subscriptions


class WebhookView(PortalView):
    """Something about webhooks, for admins only."""

    queryset: Any = Webhook.objects.none()
    serializer_class: Any = WebhookSerializer
    write_scopes = ("admin",)

    def initial(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Let admins in. Raises NotAllowed for everybody else."""
        super().initial(request, *args, **kwargs)
        # What no method answers is told to everybody.
        if request.method in self.allowed_methods and not rules.is_admin(self.standing):
            raise NotAllowed("Only admins see webhooks. Ask one of them.", reason="NotAnAdmin")

    def webhook(self, pk: int) -> Webhook:
        """Return a webhook. Raises Http404."""
        found: Webhook = self.found(all_webhooks(), pk=pk)
        return found

    def wanted(self) -> dict[str, Any]:
        """Return the body as the service takes it. Raises Refused for an unknown cluster."""
        values = dict(self.body(WebhookBody).validated_data)
        name = values.pop("cluster")
        return {**values, "cluster": self._cluster(name) if name else None}

    def _cluster(self, name: str) -> Cluster:
        cluster = visible_clusters(self.person).filter(name=name).first()
        if cluster is None:
            sentence = "There is no such cluster. Leave it empty for every cluster."
            raise Refused(sentence, reason="NoSuchCluster", fields={"cluster": [sentence]})
        return cluster


class Webhooks(WebhookView, ListAPIView[Webhook]):
    """The webhooks."""

    def get_queryset(self) -> Any:
        """Return all webhooks."""
        return all_webhooks()

    @extend_schema(
        operation_id="webhooks_create", request=WebhookBody, responses={201: NewWebhookSerializer}
    )
    @partial(idempotent, unkept=("secret",))
    def post(self, request: HttpRequest) -> Response:
        """Make a webhook. Its secret is in this answer and nowhere else: a replay has it empty."""
        made, secret = subscriptions.create(actor=self.actor, **self.wanted())
        return Response({**WebhookSerializer(made).data, "secret": secret}, status=201)


class OneWebhook(WebhookView):
    """One webhook."""

    @extend_schema(operation_id="webhooks_read")
    def get(self, request: HttpRequest, pk: int) -> Response:
        """Return the webhook."""
        return Response(WebhookSerializer(self.webhook(pk)).data)

    @extend_schema(operation_id="webhooks_change", request=WebhookBody)
    def put(self, request: HttpRequest, pk: int) -> Response:
        """Replace what it is told of; an empty address keeps the one it has."""
        changed = subscriptions.change(webhook=self.webhook(pk), actor=self.actor, **self.wanted())
        return Response(WebhookSerializer(changed).data)

    @extend_schema(operation_id="webhooks_retire", request=None, responses={204: None})
    def delete(self, request: HttpRequest, pk: int) -> Response:
        """Call it no more."""
        subscriptions.retire(webhook=self.webhook(pk), actor=self.actor)
        return Response(status=204)


class WebhookSecret(WebhookView):
    """The secret of a webhook."""

    @extend_schema(
        operation_id="webhooks_secret", request=NoBody, responses={201: NewWebhookSerializer}
    )
    @partial(idempotent, unkept=("secret",))
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Change the secret. For 24 hours calls are signed with the old one as well."""
        self.body(NoBody)
        changed, secret = subscriptions.rotate_secret(webhook=self.webhook(pk), actor=self.actor)
        return Response({**WebhookSerializer(changed).data, "secret": secret}, status=201)


class WebhookTest(WebhookView):
    """A try of a webhook."""

    @extend_schema(
        operation_id="webhooks_test", request=NoBody, responses={201: WebhookMessageSerializer}
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Call it with an event of the type `portal.test`."""
        self.body(NoBody)
        row = subscriptions.test(webhook=self.webhook(pk), actor=self.actor)
        return Response(WebhookMessageSerializer(row).data, status=201)


class WebhookMessages(WebhookView, ListAPIView[Outgoing]):
    """The delivery log of a webhook."""

    queryset: Any = Outgoing.objects.none()
    serializer_class = WebhookMessageSerializer

    def get_queryset(self) -> Any:
        """Return its messages, newest first."""
        return self.webhook(self.kwargs["pk"]).messages.order_by("-pk")


class WebhookAgain(WebhookView):
    """A message that is sent once more."""

    @extend_schema(
        operation_id="webhooks_send_again",
        request=NoBody,
        responses={201: WebhookMessageSerializer},
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int, message: int) -> Response:
        """Send a settled message once more, under the same id."""
        self.body(NoBody)
        row = subscriptions.send_again(webhook=self.webhook(pk), message=message, actor=self.actor)
        return Response(WebhookMessageSerializer(row).data, status=201)
