"""Who asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from egress.models import Person
from egress.rules import is_admin
from egress.services.actor import Actor
from egress.services.errors import NotAllowed
from egress.web.standing import standing_in


def person_of(request: HttpRequest) -> Person:
    """Return the person who is signed in; for views behind `login_required` only."""
    return cast("Person", request.user)


def actor_of(request: HttpRequest) -> Actor:
    """Return the actor for services, with the id of this HTTP request."""
    return Actor.of(person_of(request), "web", getattr(request, "request_id", ""))


def admins_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse everybody but admins before the view looks at anything."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_admin(standing_in(request)):
            raise NotAllowed("Only admins manage people, teams and the catalogue. Ask one of them.")
        return view(request, *args, **kwargs)

    return guarded
