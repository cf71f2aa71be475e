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
from egress.models import ApiToken, Person
from egress.selectors.people import teams_of, tokens_of
from egress.services import tokens


class Me(PortalView):
    """The caller."""

    serializer_class = MeSerializer

    @extend_schema(operation_id="me")
    def get(self, request: HttpRequest) -> Response:
        """Who you are and what you may do."""
        person, standing = self.person, self.standing
        about = {
            "username": person.username,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "teams": teams_of(person),
            "is_robot": standing.is_robot,
            "is_admin": standing.is_admin,
            "is_auditor": standing.is_auditor,
            "token_expires_at": self.token.expires_at if self.token else None,
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

        A token cannot make one with scopes it does not have itself, or that outlives it.
        """
        return new_token(self, self.person)


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


def new_token(view: PortalView, owner: Person) -> Response:
    """Make the token that the body asks for, and answer it with its secret."""
    values = view.body(TokenBody).validated_data
    made, secret = tokens.create(owner=owner, actor=view.actor, made_with=view.token, **values)
    return Response({**TokenSerializer(made).data, "secret": secret}, status=201)
