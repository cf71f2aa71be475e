"""The tables are about every address and every method there is, and about nothing else."""

import pytest
from django.test import Client
from django.urls import path

from tests.matrix.expected import API, HOW_TO_ADD, PAGES, rows_for
from tests.matrix.routes import Route, methods_of, routes
from tests.matrix.sent import path_of
from tests.matrix.table import rows_of
from tests.matrix.visits import Visitor


def missing(found: list[Route], methods: dict[Route, frozenset[str]]) -> list[str]:
    """Return a sentence for each method of an address that no row is about."""
    return [
        f"{method} {route.key} has no row. {HOW_TO_ADD}"
        for route in found
        for method in sorted(methods[route] - {row.method for row in rows_for(route)})
    ]


@pytest.fixture
def insider(db: None) -> Visitor:
    """A superuser, who comes to every address."""
    return Visitor("superuser")


def _one_of_each() -> list[Route]:
    return list({route.key: route for route in routes()}.values())


def test_every_method_of_every_address_has_a_row_and_no_other_has(insider: Visitor) -> None:
    found = _one_of_each()
    methods = {route: _methods(route, insider) for route in found}
    assert missing(found, methods) == []
    there = {f"{method} {route.key}" for route in found for method in methods[route]}
    assert set(PAGES) | set(API) == there


def test_a_new_address_without_a_row_is_named_with_what_to_do() -> None:
    (route,) = routes([path("brand/new/<int:pk>", lambda request, pk: None, name="brand-new")])
    (sentence, _) = missing([route], {route: frozenset({"GET", "POST"})})
    assert sentence.startswith("GET brand-new has no row. Write in tests/matrix/expected_")


@pytest.mark.parametrize(
    "line", ["GET home sss", "GET home s s s s", "GET home", "GET home s\nGET home s"]
)
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        rows_of([line], of_api=False)


def _methods(route: Route, insider: Visitor) -> frozenset[str]:
    client: Client = insider.client
    return methods_of(route, path_of(route, insider.world, "own"), client)
