"""The posture of a cluster."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.serializers.posture import PostureSerializer
from egress.api.views.base import PortalView
from egress.domain.posture import is_boundary
from egress.models import Cluster
from egress.selectors import clusters
from egress.selectors.posture import rows_of, visible_rows


class Posture(PortalView):
    """The checks of a cluster, as last seen; all of them for admins and auditors."""

    queryset = Cluster.objects.none()
    serializer_class = PostureSerializer

    @extend_schema(operation_id="cluster_posture", responses=PostureSerializer)
    def get(self, request: HttpRequest, name: str) -> Response:
        """Return the rows about the whole cluster, or about the namespaces you see."""
        cluster = self.found(clusters.visible_clusters(self.standing), name=name)
        seen = {
            "looked_at": cluster.posture_at,
            "boundary": is_boundary(rows_of(cluster)) if cluster.posture_at else None,
            "rows": visible_rows(cluster, self.standing),
        }
        return Response(PostureSerializer(seen).data)
