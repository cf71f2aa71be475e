"""What the views of the API share."""

from collections.abc import Callable
from typing import Any

import structlog
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from egress.api import limits, waiting
from egress.api.filters import KnownFilters
from egress.api.parsers import StrictJSONParser
from egress.api.permissions import TokenScope
from egress.models import ApiToken, Person
from egress.models.standing import Standing, standing_of
from egress.services import guards
from egress.services.actor import Actor
from egress.services.rate_limits import Counted


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
    counted: Counted | None = None

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls, and count the call: also those that let nobody in."""
        try:
            caller = request.user
        except exceptions.AuthenticationFailed:
            limits.count(request, None)
            raise
        self.counted = limits.count(request, caller)

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
        return Actor.of(self.person, "api", str(bound.get("request_id", "")), self.token)

    @property
    def token(self) -> ApiToken | None:
        """Return the token that is used, None in a session."""
        return self.request.auth if isinstance(self.request.auth, ApiToken) else None

    @property
    def standing(self) -> Standing:
        """Return what the caller is and may do, for reading: within the limits of the token."""
        return standing_of(self.person).narrowed(self.token.limits if self.token else None)

    def held_until(self, is_done: Callable[[], bool]) -> dict[str, str]:
        """Hold the answer as `?wait=` asks; return its headers.

        Raises NotAllowed when the token was revoked meanwhile.
        """
        told = waiting.hold(self.request, is_done)
        if told:
            guards.standing_of_actor(self.actor)
        return told

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the answer, which nobody on the way may keep: it is for this caller only."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        limits.tell(response, self.counted)
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
