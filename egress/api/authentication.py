"""Bearer tokens: who calls, and what the token is good for."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from egress.models import ApiToken, Person
from egress.services import tokens


class TokenAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer <token>`. Without the header another class may try."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        """Return the token's owner and the token.

        Raises AuthenticationFailed for a token that is unknown, expired, revoked, or whose owner
        was deactivated, without telling which.
        """
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.authenticate(secret.strip())
        if token is None:
            raise AuthenticationFailed(
                "The token is not valid: it is unknown, expired or revoked. Make a new one on"
                " the page Account."
            )
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 answer."""
        return 'Bearer realm="api"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes the bearer token."""

    target_class = "egress.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "http", "scheme": "bearer"}
