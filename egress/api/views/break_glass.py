"""Break-glass: access that was opened at once, and the second look at it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import revisions
from egress.api.filters import BreakGlassFilter
from egress.api.idempotency import idempotent
from egress.api.serializers.break_glass import (
    BreakGlassBody,
    BreakGlassSerializer,
    SecondLookBody,
)
from egress.api.views.base import PortalView
from egress.api.views.requests import RequestView
from egress.models import BreakGlass
from egress.selectors.break_glass import visible_openings
from egress.services import break_glass
from egress.services.errors import Conflict


class Openings(PortalView, ListAPIView[BreakGlass]):
    """What was opened by break-glass."""

    queryset = BreakGlass.objects.none()
    serializer_class = BreakGlassSerializer
    filterset_class = BreakGlassFilter

    def get_queryset(self) -> Any:
        """Return the openings the caller may see."""
        return visible_openings(self.standing)

    @extend_schema(operation_id="break_glass_list")
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """All openings of requests that you may see, newest first."""
        return super().get(request, *args, **kwargs)


class Open(RequestView):
    """Open a request at once."""

    serializer_class = BreakGlassSerializer
    write_scopes = ("decide",)

    @extend_schema(
        operation_id="requests_break_glass",
        request=BreakGlassBody,
        responses={201: BreakGlassSerializer},
        parameters=[revisions.PARAMETER],
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Open all of it at once, without its approval. Everybody is told, and somebody looks."""
        asked, values = self.get_object(), self.body(BreakGlassBody).validated_data
        revision = revisions.agreed_revision(self.request, values)
        try:
            opening = break_glass.open_at_once(
                request=asked,
                actor=self.actor,
                revision=revision,
                reason=values["reason"],
                hours=values.get("hours", ...),
            )
        except Conflict as error:
            raise revisions.as_precondition(self.request, error) from error
        return Response(BreakGlassSerializer(opening).data, status=201)


class SecondLook(RequestView):
    """Look at what was opened."""

    serializer_class = BreakGlassSerializer
    write_scopes = ("decide",)

    @extend_schema(
        operation_id="requests_second_look",
        request=SecondLookBody,
        responses=BreakGlassSerializer,
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Confirm what was opened by break-glass, or end it now; you must be independent."""
        asked, values = self.get_object(), self.body(SecondLookBody).validated_data
        opening = break_glass.look(request=asked, actor=self.actor, **values)
        return Response(BreakGlassSerializer(opening).data)
