"""Delegations: who decides in whose place."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.idempotency import idempotent
from egress.api.serializers.delegations import DelegationBody, DelegationSerializer
from egress.api.views.base import PortalView
from egress.models import Delegation
from egress.selectors.delegations import visible_delegations
from egress.services import delegations


class Delegations(PortalView, ListAPIView[Delegation]):
    """Delegations that you gave or got; admins see all."""

    queryset = Delegation.objects.none()
    serializer_class = DelegationSerializer
    write_scopes = ("admin",)

    def get_queryset(self) -> Any:
        """Return the delegations the caller may see."""
        return visible_delegations(self.standing)

    @extend_schema(
        operation_id="delegations_create",
        request=DelegationBody,
        responses={201: DelegationSerializer},
    )
    @idempotent
    def post(self, request: HttpRequest) -> Response:
        """Lend your scopes to somebody for a time, or as an admin those of somebody else."""
        values = self.body(DelegationBody).validated_data
        made = delegations.delegate(actor=self.actor, **values)
        return Response(DelegationSerializer(made).data, status=201)


class OneDelegation(PortalView):
    """One delegation."""

    queryset = Delegation.objects.none()
    serializer_class = DelegationSerializer
    write_scopes = ("admin",)

    @extend_schema(operation_id="delegations_revoke", request=None, responses={204: None})
    def delete(self, request: HttpRequest, pk: int) -> Response:
        """End the delegation at once: its lender, its delegate and admins may."""
        found = self.found(visible_delegations(self.standing), pk=pk)
        delegations.revoke_delegation(delegation=found, actor=self.actor)
        return Response(status=204)
