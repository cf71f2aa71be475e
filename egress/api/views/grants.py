"""Grants: look, end, resume, renew."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import queries, waiting
from egress.api.exports import PARAMETER as FORMAT
from egress.api.exports import Exportable
from egress.api.filters import GrantFilter
from egress.api.idempotency import idempotent
from egress.api.serializers.grants import GrantSerializer, ReasonBody, RenewBody
from egress.api.serializers.requests import RequestSerializer
from egress.api.views.base import PortalView
from egress.models import Grant
from egress.selectors.grants import is_settled
from egress.services import grants as services
from egress.services import requests as request_services


class Grants(Exportable, PortalView, ListAPIView[Grant]):
    """All grants you may see."""

    queryset = Grant.objects.none()
    serializer_class = GrantSerializer
    filterset_class = GrantFilter

    def get_queryset(self) -> Any:
        """Return the visible grants."""
        return queries.grants_for(self.standing)

    @extend_schema(parameters=[FORMAT])
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """All grants you may see, newest first: a page, or all of them as a stream."""
        return super().get(request, *args, **kwargs)


class GrantView(PortalView):
    """Something about one grant."""

    queryset = Grant.objects.none()
    serializer_class = GrantSerializer

    def get_object(self) -> Grant:
        """Return the grant of the address. Raises Http404 when the caller may not see it."""
        grant: Grant = self.found(queries.grants_for(self.standing), pk=self.kwargs["pk"])
        return grant

    def answer(self) -> Response:
        """Return the grant as it is now."""
        return Response(GrantSerializer(self.get_object()).data)


class OneGrant(GrantView):
    """One grant."""

    @extend_schema(operation_id="grants_read", parameters=[waiting.PARAMETER])
    def get(self, request: HttpRequest, pk: int) -> Response:
        """One grant, with its conditions.

        With `wait` the answer comes when the grant is in force, or cannot be.
        """
        seen = self.get_object()
        told = self.held_until(lambda: is_settled(seen.pk))
        return waiting.answer(self.answer(), told)


class Revoke(GrantView):
    """End a grant now."""

    write_scopes = ("request", "decide", "admin")

    @extend_schema(operation_id="grants_revoke", request=ReasonBody, responses=GrantSerializer)
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Revoke. `conditions.confirmed_gone` turns true when the cluster was seen without it."""
        grant, values = self.get_object(), self.body(ReasonBody).validated_data
        services.revoke(grant=grant, actor=self.actor, **values)
        return self.answer()


class Resume(GrantView):
    """Resume a suspended grant."""

    write_scopes = ("decide",)

    @extend_schema(operation_id="grants_resume", request=ReasonBody, responses=GrantSerializer)
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Resume: a decision of an approver, for the subject as it is in the cluster now."""
        grant, values = self.get_object(), self.body(ReasonBody).validated_data
        services.resume(grant=grant, actor=self.actor, **values)
        return self.answer()


class Renew(GrantView):
    """Ask for more time."""

    write_scopes = ("request",)

    @extend_schema(
        operation_id="grants_renew", request=RenewBody, responses={201: RequestSerializer}
    )
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Make a renewal request, decided like any other."""
        grant, values = self.get_object(), self.body(RenewBody).validated_data
        made = request_services.renew(grant=grant, actor=self.actor, **values)
        fresh = self.found(queries.requests_for(self.standing), pk=made.pk)
        return Response(RequestSerializer(fresh).data, status=201)
