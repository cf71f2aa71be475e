"""Every address of the API, read from its URL patterns."""

import re
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern
from rest_framework.views import APIView

from egress.api.urls import urlpatterns
from egress.models import Grant, Request

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Address:
    """A route with its view. `is_public`: anybody may read it; `route` is without `v1/`."""

    route: str
    view: type[APIView]
    methods: frozenset[str]
    is_public: bool

    def __str__(self) -> str:
        return self.route or "the front door"


def addresses() -> list[Address]:
    """Return every address but the catch-all at the end."""
    *known, catch_all = urlpatterns
    assert str(catch_all.pattern) == r"^.*$"
    return [_address(pattern) for pattern in known]


def _address(pattern: URLPattern) -> Address:
    view: Any = pattern.callback.view_class  # type: ignore[attr-defined]
    route = str(pattern.pattern)
    methods = {name.upper() for name in view.http_method_names if hasattr(view, name)}
    if "GET" in methods:
        methods.add("HEAD")
    is_public = not route.startswith("v1/")
    return Address(route.removeprefix("v1/"), view, frozenset(methods), is_public)


def filled(address: Address, request: Request, grant: Grant, pk: int | None = None) -> str:
    """Return a path that leads to `request`, to `grant`, or to the number `pk`.

    What is about an opening leads to the request of the grant.
    """
    subject = grant if "grants" in address.route else request
    if "second-look" in address.route:
        subject = grant.request
    number = pk if pk is not None else subject.pk
    values = {"pk": str(number), "token": str(number), "message": "1"}
    values |= {"cluster": "main", "name": "shop"}
    if address.route.startswith("clusters/"):
        values["name"] = "main"
    route = re.sub(r"<\w+:(\w+)>", lambda found: values[found[1]], address.route)
    return f"/api/{route}" if address.is_public else f"/{route}"
