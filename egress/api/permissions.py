"""What a token may be used for. Whether its owner may do it is decided by the services."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from egress.models import ApiToken


class TokenScope(BasePermission):
    """Lets a token do what one of its scopes names: `read` for reading, else one of the view's.

    A view names the scopes of its unsafe methods as `write_scopes`; one that names none is closed
    to tokens. Sessions carry their person's full right.
    """

    message = "The token does not have the scope this needs. Make one with it on the page Account."
    code = "ScopeMissing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the token's scopes cover the method."""
        if not request.user.is_authenticated:
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        if request.method not in view.allowed_methods:
            return True  # no scope helps here: the answer is 405
        scopes = set(request.auth.scopes)
        if request.method in SAFE_METHODS:
            return "read" in scopes
        return bool(scopes & set(getattr(view, "write_scopes", ())))
