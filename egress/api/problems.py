"""One error shape for the whole API: RFC 9457 problem details."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from egress.services.errors import (
    Conflict,
    Missing,
    NotAllowed,
    Refused,
    ServiceError,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
STATUS_OF: dict[type[Exception], HTTPStatus] = {
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Missing: HTTPStatus.NOT_FOUND,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
MAX_ERRORS = 100
"""How many fields an answer names at most: a hostile body must not make a huge answer."""
MAX_PATH = 200

SENTENCES: dict[int, str] = {
    400: "The request was not understood. See /api/docs/.",
    403: "You may not do this.",
    404: "There is nothing at this address, or it is not for you to see. See /api/docs/.",
    500: "Something went wrong on our side. Name the request id when you report it.",
}
DATABASE_BUSY = (
    "The database does not answer right now. Try again in a moment; with the same Idempotency-Key"
    " nothing is done twice."
)


def problem(
    status: int, detail: str, *, reason: str = "", errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """Return the body of an error answer.

    `errors` maps field paths (`destinations.0.host`) to sentences; `reason` is a CamelCase
    constant for programs.
    """
    bound = structlog.contextvars.get_contextvars()
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "reason": reason or title.replace(" ", "").replace("-", ""),
        "errors": errors or {},
        "request_id": str(bound.get("request_id", "")),
    }


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view. Returns None for a bug, which then becomes a 500."""
    if isinstance(exc, ServiceError):
        body = problem(status_of(exc), exc.message, reason=exc.reason, errors=exc.fields)
        return _answer(body, {"Retry-After": "5"} if exc.retryable else {})
    if isinstance(exc, exceptions.ValidationError):
        errors = dict(islice(flat_errors(exc.detail), MAX_ERRORS))
        sentence = "Some fields need another value: see errors."
        return _answer(problem(422, sentence, reason="InputNotUnderstood", errors=errors))
    if isinstance(exc, RequestDataTooBig):
        sentence = "The body is too large. Send at most a megabyte, or several requests."
        return _answer(problem(413, sentence, reason="BodyTooLarge"))
    if isinstance(exc, OperationalError):
        body = problem(503, DATABASE_BUSY, reason="DatabaseUnavailable")
        return _answer(body, {"Retry-After": "5"})
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    code = str(getattr(getattr(exc, "detail", None), "code", ""))
    # A code of ours is CamelCase; those of the framework are not for programs to rely on.
    reason = code if code[:1].isupper() else ""
    answer.data = problem(answer.status_code, sentence_of(exc), reason=reason)
    answer.content_type = MEDIA_TYPE
    return answer


def status_of(error: ServiceError) -> int:
    """Return the HTTP status of a refusal; the nearest known kind decides."""
    known = (STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    return int(next(known, HTTPStatus.BAD_REQUEST))


def sentence_of(exc: Exception) -> str:
    """Return what to tell the caller about a framework exception."""
    if isinstance(exc, Http404):
        return SENTENCES[404]
    if isinstance(exc, PermissionDenied):
        return str(exc) or SENTENCES[403]
    return str(getattr(exc, "detail", exc))


def flat_errors(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield field paths and their sentences from DRF's nested error structure.

    An empty path means the body as a whole.
    """
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from flat_errors(inner, _below(path, here))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, inner in enumerate(detail):
            yield from flat_errors(inner, _below(path, str(index)))
    else:
        yield path, [str(item) for item in (detail if isinstance(detail, list) else [detail])]


def _below(path: str, name: str) -> str:
    return f"{path}.{name}".strip(".")[:MAX_PATH]


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], content_type=MEDIA_TYPE, headers=headers)


def _plain(status: int) -> JsonResponse:
    return JsonResponse(problem(status, SENTENCES[status]), status=status, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer a request below `/api/` that could not be read."""
    return _plain(400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer something below `/api/` that was refused before a view saw it."""
    return _plain(403)


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer an unknown address below `/api/`."""
    return _plain(404)


def broken(request: HttpRequest) -> JsonResponse:
    """Answer a bug below `/api/` in the same shape, without details."""
    return _plain(500)
