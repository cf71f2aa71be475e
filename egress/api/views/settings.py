"""What admins set of a cluster."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.serializers.settings import ClusterSettingsBody
from egress.api.views.base import PortalView
from egress.models import Cluster
from egress.rules import is_admin
from egress.selectors import clusters
from egress.services import cluster_settings


class ClusterSettings(PortalView):
    """The settings of one cluster, for admins."""

    queryset = Cluster.objects.none()
    serializer_class = ClusterSettingsBody
    write_scopes = ("admin",)

    def get_object(self) -> Cluster:
        """Return the cluster of the address. Raises Http404 when it is not theirs to see."""
        cluster: Cluster = self.found(
            clusters.visible_clusters(self.standing), name=self.kwargs["name"]
        )
        if not is_admin(self.standing):
            raise PermissionDenied("Only admins see and change the settings of a cluster.")
        return cluster

    @extend_schema(operation_id="cluster_settings", responses=ClusterSettingsBody)
    def get(self, request: HttpRequest, name: str) -> Response:
        """Return all settings."""
        return Response(ClusterSettingsBody(cluster_settings.settings_of(self.get_object())).data)

    @extend_schema(
        operation_id="cluster_settings_set",
        request=ClusterSettingsBody,
        responses=ClusterSettingsBody,
    )
    def put(self, request: HttpRequest, name: str) -> Response:
        """Replace all settings; what is left out is set to its default."""
        seen, body = self.get_object(), self.body(ClusterSettingsBody)
        wanted = cluster_settings.ClusterSettings(**body.validated_data)
        cluster = cluster_settings.change(cluster=seen, settings=wanted, actor=self.actor)
        return Response(ClusterSettingsBody(cluster_settings.settings_of(cluster)).data)
