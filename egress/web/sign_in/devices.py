"""Which devices are known for which accounts, by a signed cookie."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

_SALT = "egress.known-device"
_COOKIE = "egress_device"
_KNOWN_FOR = timedelta(days=90)
_MOST = 5


def known_device(request: HttpRequest, username: str) -> str:
    """Return the id of this device if somebody signed in to the account on it, else nothing."""
    return _devices(request).get(username.casefold(), "")


def remember_device(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Let the device be known for the account: guesses from elsewhere do not hold it up."""
    devices = _devices(request)
    mine = devices.pop(username.casefold(), "") or secrets.token_hex(8)
    kept = dict([*devices.items(), (username.casefold(), mine)][-_MOST:])
    response.set_cookie(
        _COOKIE,
        signing.dumps(kept, salt=_SALT),
        max_age=_KNOWN_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _devices(request: HttpRequest) -> dict[str, str]:
    try:
        said = signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_SALT, max_age=_KNOWN_FOR)
    except signing.BadSignature:
        return {}
    return said if isinstance(said, dict) else {}
