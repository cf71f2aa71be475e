"""Every page and form of the portal, as everybody, about everybody's things."""

import pytest

from tests.matrix.expected import rows_for
from tests.matrix.people import DEACTIVATED, PEOPLE
from tests.matrix.routes import Route, routes
from tests.matrix.table import Row
from tests.matrix.visits import HTMX, Visitor, is_seen, some
from tests.tries import ALL

pytestmark = pytest.mark.django_db
PAGES = [route for route in routes() if not route.is_api]
MODELS = 45
"""The pages of the database's rows are the same for each of about so many models: one is enough."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", [*PEOPLE, DEACTIVATED])
def test_everybody_gets_what_the_table_says(who: str) -> None:
    visitor, wrong = Visitor(who), []
    for route in PAGES:
        for row in rows_for(route):
            for whose in _objects(row, route, who):
                expected = row.expects(who, whose)
                answer = visitor.goes(route, row.method, whose, _as_asked(who, expected))
                if answer != expected:
                    wrong.append(f"{row.name} {whose}: {answer} instead of {expected}")
    assert wrong == []


def _objects(row: Row, route: Route, who: str) -> list[str]:
    """Return whose objects are looked at: one in a hurry, all of them otherwise."""
    cell = f"{row.name} {who} {route.place}"
    if route.key.startswith("admin:*") and not any(some(cell, (True, *[False] * MODELS))):
        return []
    return list(some(cell, row.objects)) if is_seen(row, cell) else []


def _as_asked(who: str, expected: str) -> dict[str, str] | None:
    """Return the headers: in a hurry what should be refused is asked for like htmx does."""
    is_in = who not in ("nobody", DEACTIVATED)
    return HTMX if is_in and expected in "x-" and not ALL else None
