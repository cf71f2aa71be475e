"""Clusters, inventory, catalogue, deliveries, audit, access check."""

from dataclasses import replace
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import queries
from egress.api.exports import PARAMETER as FORMAT
from egress.api.exports import Exportable
from egress.api.filters import (
    AuditFilter,
    DeliveryFilter,
    NamespaceFilter,
    ServiceAccountFilter,
)
from egress.api.serializers.grants import DeliverySerializer
from egress.api.serializers.records import (
    AccessAnswerSerializer,
    AccessQuestion,
    AuditEventSerializer,
    CatalogueSerializer,
    ClusterSerializer,
    NamespaceSerializer,
    ServiceAccountSerializer,
)
from egress.api.views.base import PortalView
from egress.models import (
    AuditEvent,
    CatalogueEntry,
    Cluster,
    Delivery,
    Namespace,
    ServiceAccount,
)
from egress.selectors import access, audit, clusters, namespaces
from egress.selectors.joins import with_clusters


class Clusters(PortalView, ListAPIView[Cluster]):
    """The clusters you may see."""

    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer

    def get_queryset(self) -> Any:
        """Return the visible clusters."""
        return clusters.visible_clusters(self.standing)


class OneCluster(PortalView, RetrieveAPIView[Cluster]):
    """One cluster."""

    queryset = Cluster.objects.none()
    serializer_class = ClusterSerializer
    lookup_field = "name"

    def get_queryset(self) -> Any:
        """Return the visible clusters."""
        return clusters.visible_clusters(self.standing)


class Namespaces(PortalView, ListAPIView[Namespace]):
    """The namespaces you may see."""

    queryset = Namespace.objects.none()
    serializer_class = NamespaceSerializer
    filterset_class = NamespaceFilter

    def get_queryset(self) -> Any:
        """Return the visible namespaces."""
        return namespaces.visible_namespaces(self.standing)


class ServiceAccounts(PortalView, ListAPIView[ServiceAccount]):
    """The service accounts of the namespaces you may see."""

    queryset = ServiceAccount.objects.none()
    serializer_class = ServiceAccountSerializer
    filterset_class = ServiceAccountFilter

    def get_queryset(self) -> Any:
        """Return the service accounts that are present."""
        seen = namespaces.visible_namespaces(self.standing)
        rows = ServiceAccount.objects.filter(namespace__in=seen, gone_at__isnull=True)
        return with_clusters(rows, "namespace__cluster")


class Catalogue(PortalView, ListAPIView[CatalogueEntry]):
    """The presets of destinations, newest first."""

    queryset = CatalogueEntry.objects.filter(is_active=True).select_related("owner_team")
    serializer_class = CatalogueSerializer


class Deliveries(PortalView, ListAPIView[Delivery]):
    """What was done in the clusters, newest first."""

    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter

    def get_queryset(self) -> Any:
        """Return the deliveries of the namespaces the caller may see."""
        return queries.deliveries_for(self.standing)


class AuditEvents(Exportable, PortalView, ListAPIView[AuditEvent]):
    """The audit trail, as far as you may see it."""

    queryset = AuditEvent.objects.none()
    serializer_class = AuditEventSerializer
    filterset_class = AuditFilter

    def get_queryset(self) -> Any:
        """Return the visible events."""
        return audit.visible_events(self.standing)

    @extend_schema(parameters=[FORMAT])
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The audit trail, newest first: a page, or all of it as a stream."""
        return super().get(request, *args, **kwargs)


class AccessCheck(PortalView):
    """Can this subject reach that destination?"""

    queryset = Cluster.objects.none()
    serializer_class = AccessAnswerSerializer

    @extend_schema(operation_id="access_check", parameters=[AccessQuestion])
    def get(self, request: HttpRequest) -> Response:
        """Answer yes or no with the grant and the reason."""
        question = AccessQuestion(data=request.query_params.dict())
        question.is_valid(raise_exception=True)
        asked = question.validated_data
        seen = clusters.visible_clusters(self.standing)
        cluster = self.found(seen, name=asked.pop("cluster"))
        answer = access.access_check(self.standing, cluster, **asked)
        if answer is None:
            raise Http404
        if answer.grant is not None:
            grant = self.found(queries.grants_for(self.standing), pk=answer.grant.pk)
            answer = replace(answer, grant=grant)
        return Response(AccessAnswerSerializer(answer).data)
