"""The brake of a cluster: what it holds, and an admin's release."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.idempotency import idempotent
from egress.api.serializers.brake import BrakeReleaseSerializer, BrakeSerializer, ReleaseBody
from egress.api.views.base import PortalView
from egress.models import Cluster
from egress.selectors import clusters
from egress.selectors.brake import held_of, latest_releases, may_see_held
from egress.services import brake_releases
from egress.services.errors import NotAllowed


class BrakeView(PortalView):
    """Something about the brake of one cluster."""

    queryset = Cluster.objects.none()
    serializer_class = BrakeSerializer

    def get_object(self) -> Cluster:
        """Return the cluster of the address. Raises Http404 when the caller may not see it."""
        cluster: Cluster = self.found(
            clusters.visible_clusters(self.standing), name=self.kwargs["name"]
        )
        return cluster


class Brake(BrakeView):
    """What the brake of a cluster holds."""

    @extend_schema(operation_id="cluster_brake", responses=BrakeSerializer)
    def get(self, request: HttpRequest, name: str) -> Response:
        """Return the held objects, and the latest releases. For admins and auditors."""
        cluster = self.get_object()
        if not may_see_held(self.standing):
            raise NotAllowed("Only admins and auditors may see what is held. Ask one of them.")
        held = held_of(cluster)
        shown = {
            "digest": held.digest,
            "held": held.removals,
            "releases": latest_releases(cluster),
        }
        return Response(BrakeSerializer(shown).data)


class Release(BrakeView):
    """Let what is held go."""

    write_scopes = ("admin",)

    @extend_schema(
        operation_id="cluster_brake_release",
        request=ReleaseBody,
        responses={201: BrakeReleaseSerializer},
    )
    @idempotent
    def post(self, request: HttpRequest, name: str) -> Response:
        """Release exactly the objects that `digest` names, each once, within an hour."""
        cluster, values = self.get_object(), self.body(ReleaseBody).validated_data
        made = brake_releases.release(cluster=cluster, actor=self.actor, **values)
        return Response(BrakeReleaseSerializer(made).data, status=201)
