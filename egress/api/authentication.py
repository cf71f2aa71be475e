"""Bearer tokens: who calls, and what the token is good for."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from egress.models import ApiToken, Person
from egress.services import sign_in, tokens
from egress.services.errors import NotAllowed
from egress.services.sign_in import guesses
from egress.services.sign_in.addresses import address_of


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
            _count_guess(request)
            raise AuthenticationFailed(
                "The token is not valid: it is unknown, expired or revoked. Make a new one on"
                " the page Account."
            )
        _keep_fresh(token.owner)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 answer."""
        return 'Bearer realm="api"'


def _keep_fresh(owner: Person) -> None:
    """Ask the owner's provider at least every five minutes whether they may still come.

    Raises Unavailable when nobody can tell.
    """
    if getattr(owner, "provider_account", None) is None:
        return
    try:
        sign_in.refresh_claims(owner, older_than=sign_in.OLDEST)
    except NotAllowed as error:
        raise AuthenticationFailed(error.message) from error


def _count_guess(request: Request) -> None:
    """Count a token that nobody has. Raises Throttled when that came from here too often.

    A right token is never held up: addresses are shared, and tokens are too long to guess.
    """
    if not guesses.take(guesses.BY_TOKEN, address_of(request.META)):
        raise Throttled(wait=guesses.BY_TOKEN.span.total_seconds())


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes the bearer token."""

    target_class = "egress.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "http", "scheme": "bearer"}
