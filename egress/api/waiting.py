"""`?wait=30`: an answer that is held until something came to pass, holding nothing else."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from django.conf import settings
from django.db import connection
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from egress.domain.wording import quoted

MAX_SECONDS = 30
EVERY_SECONDS = 0.5
PARAMETER = OpenApiParameter(
    "wait",
    int,
    description=(
        f"Hold the answer for up to this many seconds, 0 to {MAX_SECONDS}, until the access is in"
        " force or will not come to be. `Preference-Applied: wait` says that it was held; an answer"
        " with `Retry-After` came at once because too many wait already."
    ),
)

_places = BoundedSemaphore(settings.API_WAITS_AT_ONCE) if settings.API_WAITS_AT_ONCE > 0 else None
pause = time.sleep


def hold(request: Request, is_done: Callable[[], bool]) -> dict[str, str]:
    """Wait as long as the caller asks, until `is_done`; return the headers of the answer.

    Between two looks no connection to the database is kept. Raises ValidationError for a time
    that is none.
    """
    seconds = asked_seconds(request)
    if seconds == 0 or is_done():
        return {}
    if _places is None or not _places.acquire(blocking=False):
        return {"Retry-After": "2"}
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not connection.in_atomic_block:
                connection.close()
            pause(min(EVERY_SECONDS, max(0.0, until - time.monotonic())))
            if is_done():
                break
    finally:
        _places.release()
    return {"Preference-Applied": "wait"}


def asked_seconds(request: Request) -> int:
    """Return how long the caller wants to wait. Raises ValidationError."""
    asked = request.query_params.get("wait", "0")
    if asked.isascii() and asked.isdecimal() and len(asked) <= 2 and int(asked) <= MAX_SECONDS:
        return int(asked)
    message = f"{quoted(asked)} is no time to wait. Give 0 to {MAX_SECONDS} seconds."
    raise ValidationError({"wait": [message]})


def answer(response: Response, headers: dict[str, str]) -> Response:
    """Return the response with the headers of `hold`."""
    for name, value in headers.items():
        response[name] = value
    return response
