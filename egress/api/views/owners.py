"""Who owns namespaces: reading it, and setting the team of one."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.serializers.owners import OwnerBody, OwnerSerializer
from egress.api.views.base import PortalView
from egress.models import Namespace
from egress.selectors import namespaces
from egress.services import owners


class Owner(PortalView):
    """The owner of one namespace: a team, what says so, and whether its cluster is asked."""

    queryset = Namespace.objects.none()
    serializer_class = OwnerSerializer
    write_scopes = ("admin",)

    def get_object(self) -> Namespace:
        """Return the namespace of the address. Raises Http404 when it is not theirs to see."""
        rows = namespaces.visible_namespaces(self.standing)
        cluster, name = self.kwargs["cluster"], self.kwargs["name"]
        namespace: Namespace = self.found(rows, cluster__name=cluster, name=name)
        return namespace

    @extend_schema(operation_id="namespace_owner", responses=OwnerSerializer)
    def get(self, request: HttpRequest, cluster: str, name: str) -> Response:
        """Return who owns the namespace."""
        return Response(OwnerSerializer(self.get_object()).data)

    @extend_schema(operation_id="namespace_owner_set", request=OwnerBody, responses=OwnerSerializer)
    def put(self, request: HttpRequest, cluster: str, name: str) -> Response:
        """Set the team that owns it; an empty name leaves it to the namespace's label."""
        seen, body = self.get_object(), self.body(OwnerBody)
        team = body.validated_data["team"]
        owners.set_owner_named(namespace=seen, team=team, actor=self.actor)
        return Response(OwnerSerializer(self.get_object()).data)
