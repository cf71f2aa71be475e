"""Every page address there is: closed to visitors, and closed to forms of other sites."""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from egress.models import Person
from tests.tries import ALL
from tests.web.browsing import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

PUBLIC = {"healthz/"}
"""What visitors may see beside the pages to sign in."""

SAMPLE = 50
"""So many addresses get a form of another site in everyday runs, others each time."""

FILLED = {"int": "1", "slug": "main", "str": "x", "path": "1", "uuid": "0" * 32}


def routes(patterns: Sequence[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield every route outside the API, as Django spells it."""
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        elif not route.startswith("api/") and "^" not in route and "(?P" not in route:
            yield route


def paths() -> list[tuple[str, str]]:
    """Return each route with a path that leads to it; of the bare rows a tenth in a hurry."""
    found = list(dict.fromkeys(routes(get_resolver().url_patterns)))
    rows = [route for route in found if "/rows/" in route]
    chosen = [
        route for route in found if ALL or route not in rows[1:] or rows.index(route) % 10 == 0
    ]
    return [(route, "/" + re.sub(r"<(\w+):\w+>", _filled, route)) for route in chosen]


def _filled(found: re.Match[str]) -> str:
    return FILLED[found[1]]


def is_to_sign_in(answer: Any) -> bool:
    """Tell whether an answer leads to the page to sign in; the bare rows in two steps."""
    return str(answer["Location"]).startswith(("/sign-in", "/administration/rows/"))


def test_visitors_see_no_page_but_those_to_sign_in() -> None:
    seen = set()
    for route, path in paths():
        for method in ("get", "post"):
            answer = getattr(Client(), method)(path)
            assert answer.status_code < 500, (method, path)
            if answer.status_code == 200 and not route.startswith("sign-in"):
                seen.add(route)
            if answer.status_code == 302 and not route.startswith("sign-"):
                assert is_to_sign_in(answer), (method, path, answer["Location"])
            policy = answer.get("Content-Security-Policy", "default-src 'none'")
            assert "unsafe-inline" not in policy
            assert "unsafe-eval" not in policy
    assert seen == PUBLIC


def test_no_address_takes_a_form_of_another_site(superuser: Person) -> None:
    client = signed_in(superuser, enforce_csrf_checks=True)
    found = [path for _, path in paths()]
    chosen = found if ALL else random.sample(found, SAMPLE)
    taken = {path: client.post(path).status_code for path in chosen}
    assert {path: code for path, code in taken.items() if code not in (403, 405)} == {}
    assert len(found) > 100
