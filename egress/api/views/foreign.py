"""Foreign objects of a cluster: the list, and asking for adoption."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import queries
from egress.api.filters import ForeignFilter
from egress.api.idempotency import idempotent
from egress.api.paging import NewestFirst
from egress.api.serializers.foreign import AdoptBody, ForeignObjectSerializer
from egress.api.serializers.requests import RequestSerializer
from egress.api.views.base import PortalView
from egress.domain.manifests import NETWORKING_V1
from egress.domain.objects import ObjectKey
from egress.models import Cluster, ForeignObject
from egress.selectors import clusters, foreign
from egress.services import requests as services
from egress.services.adoption.judging import Pin


class ForeignPages(NewestFirst):
    """Pages that also say when the list was made, and how many objects were found."""

    def paginate_queryset(self, queryset: Any, request: HttpRequest, view: Any = None) -> Any:
        """Return one page."""
        self.known = foreign.list_of(view.cluster)
        self.is_whole = view.sees_everything
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page; `total` is told to those who see all of it."""
        page = super().get_paginated_response(data)
        page.data["looked_at"] = self.known.looked_at if self.known else None
        page.data["total"] = self.known.total if self.known and self.is_whole else None
        return page

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for OpenAPI 3.1."""
        page = super().get_paginated_response_schema(schema)
        page["required"] += ["looked_at", "total"]
        page["properties"] |= {
            "looked_at": {"type": ["string", "null"], "format": "date-time"},
            "total": {"type": ["integer", "null"]},
        }
        return page


class Foreign(PortalView, ListAPIView[ForeignObject]):
    """What leads out of a cluster and was not written by the portal, as last seen."""

    queryset = ForeignObject.objects.none()
    serializer_class = ForeignObjectSerializer
    pagination_class = ForeignPages
    filterset_class = ForeignFilter

    def get_queryset(self) -> Any:
        """Return the objects in namespaces the caller may see."""
        standing = self.standing
        self.sees_everything = standing.sees_everything
        seen = clusters.visible_clusters(standing)
        self.cluster: Cluster = self.found(seen, name=self.kwargs["name"])
        return foreign.visible_foreign(self.cluster, standing)

    @extend_schema(operation_id="cluster_foreign")
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Foreign objects you may see, those that can be adopted first, then by kind and name."""
        return super().get(request, *args, **kwargs)


class Adopt(PortalView):
    """Ask for the adoption of a foreign object."""

    queryset = Cluster.objects.none()
    serializer_class = RequestSerializer
    write_scopes = ("request",)

    @extend_schema(
        operation_id="cluster_foreign_adopt", request=AdoptBody, responses={201: RequestSerializer}
    )
    @idempotent
    def post(self, request: HttpRequest, name: str) -> Response:
        """Make a request for grants that stand in for the object, and for its deletion after that.

        It is decided as a whole by somebody else. An object that was changed is left alone.
        """
        cluster = self.found(clusters.visible_clusters(self.standing), name=name)
        said = self.body(AdoptBody).validated_data
        key = ObjectKey(NETWORKING_V1, said["kind"], said["namespace"], said["name"])
        made = services.adopt(
            cluster=cluster,
            pin=Pin(key, said["uid"], said["resource_version"]),
            actor=self.actor,
            reason=said["reason"],
            duration_days=said["duration_days"],
        )
        fresh = self.found(queries.requests_for(self.standing), pk=made.pk)
        return Response(RequestSerializer(fresh).data, status=201)
