"""The caller and their tokens."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.idempotency import idempotent
from egress.api.serializers.records import (
    MeSerializer,
    NewTokenSerializer,
    TokenBody,
    TokenSerializer,
)
from egress.api.views.base import PortalView
from egress.models import ApiToken
from egress.models.standing import standing_of
from egress.selectors.people import teams_of, tokens_of
from egress.services import tokens
from egress.services.errors import NotAllowed


class Me(PortalView):
    """The caller."""

    serializer_class = MeSerializer

    @extend_schema(operation_id="me")
    def get(self, request: HttpRequest) -> Response:
        """Who you are and what you may do."""
        person, standing = self.person, standing_of(self.person)
        about = {
            "username": person.username,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "teams": teams_of(person),
            "is_admin": standing.is_admin,
            "is_auditor": standing.is_auditor,
        }
        return Response(MeSerializer(about).data)


class Tokens(PortalView, ListAPIView[ApiToken]):
    """Your tokens."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    write_scopes = ("admin",)

    def get_queryset(self) -> Any:
        """Return the caller's own tokens."""
        return tokens_of(self.person)

    @extend_schema(
        operation_id="tokens_create", request=TokenBody, responses={201: NewTokenSerializer}
    )
    @partial(idempotent, unkept=("secret",))
    def post(self, request: HttpRequest) -> Response:
        """Make a token. Its secret is in this answer and nowhere else: a replay has it empty.

        A token cannot make one with scopes it does not have itself.
        """
        values = self.body(TokenBody).validated_data
        if isinstance(request.auth, ApiToken) and set(values["scopes"]) - set(request.auth.scopes):
            raise NotAllowed(
                "A token cannot make one with more scopes than it has. Sign in to make it.",
                reason="ScopeMissing",
            )
        made, secret = tokens.create(owner=self.person, actor=self.actor, **values)
        answer = {**TokenSerializer(made).data, "secret": secret}
        return Response(answer, status=201)


class OneToken(PortalView):
    """One of your tokens."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    write_scopes = ("admin",)

    @extend_schema(operation_id="tokens_revoke", request=None, responses={204: None})
    def delete(self, request: HttpRequest, pk: int) -> Response:
        """Revoke the token at once."""
        token = self.found(tokens_of(self.person), pk=pk)
        tokens.revoke(token=token, actor=self.actor)
        return Response(status=204)
