"""Every address of the portal, found in its URL patterns, with the methods it takes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

FORMS = frozenset({"GET", "POST"})
ROWS = re.compile(r"^admin:[a-z]+_[a-z]+_(changelist|add|delete|history|change)$")
"""Addresses that Django's admin has for each model: one row of the table is for all models."""


@dataclass(frozen=True)
class Route:
    """An address: `place` as it is written in the patterns, `key` as the table calls it."""

    key: str
    place: str

    @property
    def is_api(self) -> bool:
        """Whether it is one of the API's, which programs call."""
        return self.place.startswith("api/v1/")

    @property
    def parameters(self) -> list[str]:
        """Return the names of what is filled in, in order."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.place)

    def path(self, values: dict[str, str]) -> str:
        """Return the address with its parameters filled in."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], self.place)

    def __str__(self) -> str:
        return self.key


Patterns = Iterable[URLPattern | URLResolver]


def routes(patterns: Patterns | None = None) -> list[Route]:
    """Return every address but those that catch what is none; those of the portal if not told."""
    by_place: dict[str, Route] = {}
    for name, place in _walk(patterns or get_resolver().url_patterns):
        if not place.endswith("$"):
            by_place.setdefault(place, Route(_key(name, place), place))
    return list(by_place.values())


def _walk(patterns: Patterns, under: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        place = under + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}" if pattern.name else "", place
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern.url_patterns, place, inner)


def _key(name: str, place: str) -> str:
    if not name and place.startswith("administration/rows/"):
        return "admin:*_old"
    if not name:
        return re.sub(r"<\w+:", "<", "/" + place.removeprefix("api/v1/"))
    rows = ROWS.match(name)
    return f"admin:*_{rows[1]}" if rows else name


def methods_of(route: Route, path: str, insider: Client) -> frozenset[str]:
    """Return the methods that the address takes, but HEAD and OPTIONS, as it says itself.

    `insider` is signed in as somebody who gets that far. Views that name no methods take forms.
    """
    answer = insider.generic("TRACE", path)
    allowed = answer.headers.get("Allow", "")
    named = frozenset(allowed.split(", ")) if answer.status_code == 405 else FORMS
    return named - {"HEAD", "OPTIONS"}
