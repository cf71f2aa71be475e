"""Calls a minute: who is counted how, and what the answers say of it."""

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from egress.models import Person
from egress.services.rate_limits import WINDOW_SECONDS, Counted, count_call
from egress.services.sign_in.addresses import address_of


class TooManyCallsError(Throttled):
    """The caller has no calls left in this minute."""

    def __init__(self, counted: Counted) -> None:
        super().__init__(
            wait=counted.seconds,
            detail=f"More than {counted.limit} calls in {WINDOW_SECONDS} seconds.",
            code="TooManyCalls",
        )


def count(request: Request, person: object) -> Counted | None:
    """Count the call: of a person, whatever token they use, else of the address it came from.

    None where nothing is limited. Raises TooManyCallsError.
    """
    if isinstance(person, Person):
        caller, limit = f"person:{person.pk}", settings.API_CALLS_A_MINUTE
    else:
        caller = f"address:{address_of(request.META)}"
        limit = settings.API_STRANGERS_A_MINUTE
    if limit <= 0:
        return None
    counted = count_call(caller=caller, limit=limit)
    if not counted.allowed:
        raise TooManyCallsError(counted)
    return counted


def tell(response: Response, counted: Counted | None) -> None:
    """Say in the answer how many calls are left (draft-ietf-httpapi-ratelimit-headers)."""
    if counted is None:
        return
    response["RateLimit-Policy"] = f'"calls";q={counted.limit};w={WINDOW_SECONDS}'
    response["RateLimit"] = f'"calls";r={counted.left};t={counted.seconds}'
