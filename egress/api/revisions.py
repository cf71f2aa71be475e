"""`If-Match`: the revision of a request that somebody decides, as an entity tag."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request as HttpRequest

from egress.services.errors import Conflict

HEADER = "If-Match"
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        'The `ETag` of the request that was read, such as `"3"`: its revision. Instead of'
        " `revision` in the body, or the same. A request that moved on is 412."
    ),
)
_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,9})"')


class MovedOnError(APIException):
    """The request is no longer the one that `If-Match` names."""

    status_code = status.HTTP_412_PRECONDITION_FAILED


def tag_of(revision: int) -> str:
    """Return the entity tag of a revision."""
    return f'"{revision}"'


def agreed_revision(request: HttpRequest, values: dict[str, Any]) -> int:
    """Return the revision that the header, the body, or both name. Raises ValidationError."""
    named, typed = request.headers.get(HEADER), values.get("revision")
    if named is None:
        if typed is None:
            message = "Name the revision that you read, here or in If-Match."
            raise ValidationError({"revision": [message]})
        return int(typed)
    found = _TAG.fullmatch(named.strip())
    if found is None or (typed is not None and int(found[1]) != typed):
        message = 'If-Match has to be the revision that you read, in quotes, such as "3".'
        raise ValidationError({"revision": [message]})
    return int(found[1])


def as_precondition(request: HttpRequest, error: Conflict) -> Exception:
    """Return what to raise for a conflict: a failed precondition where If-Match was sent."""
    if request.headers.get(HEADER) is None or error.reason != "RevisionMoved":
        return error
    return MovedOnError(error.message, code="RevisionMoved")
