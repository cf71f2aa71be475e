"""The two decisions that close a namespace: default deny and network policy."""

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.serializers.records import (
    HardeningBody,
    HardeningPreviewSerializer,
    NamespaceSerializer,
)
from egress.api.views.base import PortalView
from egress.models import Namespace
from egress.selectors import namespaces
from egress.services import hardening


class _Decision(PortalView):
    """One decision on a namespace: what it would do, and taking it."""

    queryset = Namespace.objects.none()
    serializer_class = NamespaceSerializer
    write_scopes = ("admin",)
    field: ClassVar[str]
    preview: ClassVar[Callable[..., hardening.HardeningPreview]]
    decide: ClassVar[Callable[..., Namespace]]

    def get_object(self) -> Namespace:
        """Return the namespace of the address. Raises Http404 when it is not theirs to see."""
        rows = namespaces.visible_namespaces(self.standing)
        cluster, name = self.kwargs["cluster"], self.kwargs["name"]
        namespace: Namespace = self.found(rows, cluster__name=cluster, name=name)
        return namespace

    def get(self, request: HttpRequest, cluster: str, name: str) -> Response:
        """Preview the opposite of what is decided now."""
        namespace = self.get_object()
        preview = type(self).preview(namespace=namespace, on=not getattr(namespace, self.field))
        return Response(HardeningPreviewSerializer(preview).data)

    def put(self, request: HttpRequest, cluster: str, name: str) -> Response:
        """Decide, naming the preview that was looked at."""
        seen, values = self.get_object(), self.body(HardeningBody).validated_data
        namespace = type(self).decide(namespace=seen, actor=self.actor, **values)
        return Response(NamespaceSerializer(namespace).data)


@extend_schema_view(
    get=extend_schema(operation_id="default_deny_preview", responses=HardeningPreviewSerializer),
    put=extend_schema(
        operation_id="default_deny_set", request=HardeningBody, responses=NamespaceSerializer
    ),
)
class DefaultDeny(_Decision):
    """The default deny of one namespace."""

    field = "default_deny"
    preview = staticmethod(hardening.preview_default_deny)
    decide = staticmethod(hardening.set_default_deny)


@extend_schema_view(
    get=extend_schema(operation_id="network_policy_preview", responses=HardeningPreviewSerializer),
    put=extend_schema(
        operation_id="network_policy_set", request=HardeningBody, responses=NamespaceSerializer
    ),
)
class NetworkPolicy(_Decision):
    """The network policy of one namespace."""

    field = "network_policy"
    preview = staticmethod(hardening.preview_network_policy)
    decide = staticmethod(hardening.set_network_policy)
