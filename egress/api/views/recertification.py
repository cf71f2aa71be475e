"""Recertification: what waits for owners, and their answers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api import queries
from egress.api.filters import RecertificationFilter
from egress.api.idempotency import idempotent, repeatable
from egress.api.serializers.grants import GrantSerializer
from egress.api.serializers.recertification import (
    CONFIRM,
    AnswersBody,
    AnswersSerializer,
    ConfirmBody,
    DropBody,
    RecertificationSerializer,
)
from egress.api.views.base import PortalView
from egress.api.views.grants import GrantView
from egress.api.views.together import RowsView
from egress.models import Grant, Recertification
from egress.selectors.recertification import visible_recertifications
from egress.services import recertification as services


class Recertifications(PortalView, ListAPIView[Recertification]):
    """Where grants stand in their cycle."""

    queryset = Recertification.objects.none()
    serializer_class = RecertificationSerializer
    filterset_class = RecertificationFilter

    def get_queryset(self) -> Any:
        """Return the rows of the caller's namespaces, or all for admins and auditors."""
        return visible_recertifications(self.standing)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """All grants of yours that wait to be confirmed, or those of another `state`."""
        return super().get(request, *args, **kwargs)


class Confirm(GrantView):
    """Say that a grant is still needed."""

    write_scopes = ("request",)

    @extend_schema(operation_id="grants_confirm", request=ConfirmBody, responses=GrantSerializer)
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Confirm a grant that its owners are asked about: it goes on for another cycle."""
        grant, values = self.get_object(), self.body(ConfirmBody).validated_data
        services.confirm(grant=grant, actor=self.actor, **values)
        return self.answer()


class Drop(GrantView):
    """Say that a grant is not needed any more."""

    write_scopes = ("request", "decide", "admin")

    @extend_schema(operation_id="grants_drop", request=DropBody, responses=GrantSerializer)
    @idempotent
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Drop a grant that its owners are asked about: it ends now, as if it was revoked."""
        grant, values = self.get_object(), self.body(DropBody).validated_data
        services.drop(grant=grant, actor=self.actor, **values)
        return self.answer()


class Answers(RowsView):
    """Answer about many grants in one call."""

    queryset: Any = Grant.objects.none()
    serializer_class = AnswersSerializer
    write_scopes = ("request",)
    told_as = "grant"

    @extend_schema(
        operation_id="recertification_answers", request=AnswersBody, responses=AnswersSerializer
    )
    @repeatable
    def post(self, request: HttpRequest) -> Response:
        """Confirm or drop up to 50 grants, each for itself: `results` say what became of each.

        With an Idempotency-Key each row is done once: send the same call again to go on.
        """
        rows = self.body(AnswersBody).validated_data["answers"]
        return self.each([dict(row) for row in rows], self._answer)

    def _answer(self, row: dict[str, Any]) -> Response:
        grants = queries.grants_for(self.standing)
        grant: Grant = self.found(grants, pk=row["grant"])
        if row["answer"] == CONFIRM:
            services.confirm(grant=grant, actor=self.actor, reason=row["note"])
        else:
            services.drop(grant=grant, actor=self.actor, note=row["note"])
        return Response(GrantSerializer(self.found(grants, pk=row["grant"])).data)
