"""What the views of the API share."""

from typing import Any

import structlog
from django.db.models import QuerySet
from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from egress.api.filters import KnownFilters
from egress.api.parsers import StrictJSONParser
from egress.api.permissions import TokenScope
from egress.models import Person
from egress.services.actor import Actor


class PortalView(GenericAPIView[Any]):
    """A view that knows who calls and speaks in services.

    `write_scopes` names the token scopes of its unsafe methods: one of them is enough.
    """

    permission_classes = [IsAuthenticated, TokenScope]
    parser_classes = [StrictJSONParser]
    filter_backends = [KnownFilters]
    # Without OPTIONS: what there is to know of an address stands in /api/schema/.
    http_method_names = ["get", "head", "post", "put", "delete"]
    write_scopes: tuple[str, ...] = ()

    @property
    def person(self) -> Person:
        """Return the signed-in caller."""
        person = self.request.user
        if not isinstance(person, Person):
            raise Http404
        return person

    @property
    def actor(self) -> Actor:
        """Return the caller as services know them."""
        bound = structlog.contextvars.get_contextvars()
        return Actor.of(self.person, "api", str(bound.get("request_id", "")))

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the answer, which nobody on the way may keep: it is for this caller only."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def body(self, kind: type[BaseSerializer[Any]]) -> Any:
        """Return the validated body. Raises ValidationError with all errors at once."""
        serializer = kind(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer

    def found(self, rows: QuerySet[Any], **where: Any) -> Any:
        """Return the row among `rows`. Raises Http404 when it is not there, or not visible."""
        row = rows.filter(**where).first()
        if row is None:
            raise Http404
        return row
