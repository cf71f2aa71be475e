"""Every address of the API, as everybody, by session and by tokens of every kind."""

import pytest

from tests.matrix.expected import rows_for
from tests.matrix.people import CALLERS, DEACTIVATED, ROBOT
from tests.matrix.routes import Route, routes
from tests.matrix.table import Row
from tests.matrix.visits import (
    ELSEWHERE,
    LACKING,
    ROBOT_SCOPES,
    SCOPES,
    SESSION,
    WAYS,
    Visitor,
    some,
)

pytestmark = pytest.mark.django_db
ADDRESSES = [route for route in routes() if route.is_api]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", [*CALLERS, DEACTIVATED])
def test_everybody_gets_what_the_table_says(who: str) -> None:
    visitor, wrong = Visitor(who), []
    for route in ADDRESSES:
        for row in rows_for(route):
            cells = [(whose, way) for whose in row.objects for way in WAYS if way != ELSEWHERE]
            cells.append((row.objects[0], ELSEWHERE))
            for whose, way in some(f"{row.name} {who}", tuple(cells)):
                answer, expected = _answer(visitor, route, row, whose, way)
                if answer != expected:
                    wrong.append(f"{row.name} {whose} by {way}: {answer} instead of {expected}")
    assert wrong == []


def _answer(visitor: Visitor, route: Route, row: Row, whose: str, way: str) -> tuple[str, str]:
    """Return what somebody gets, and what the table says."""
    who = visitor.name
    if way == SESSION and who != ROBOT:
        return visitor.goes(route, row.method, whose), row.expects(who, whose)
    if way == LACKING and not (who == ROBOT and row.scopes >= ROBOT_SCOPES):
        refused = ">" if who in ("nobody", DEACTIVATED) else "x"
        return visitor.goes(route, row.method, whose, visitor.bearer(SCOPES - row.scopes)), refused
    if way == ELSEWHERE:
        headers = visitor.bearer(SCOPES, elsewhere=True)
        return visitor.goes(route, row.method, whose, headers), row.expects_elsewhere(who)
    # A robot is given what it may have of them, if that is anything.
    scopes = row.scopes & ROBOT_SCOPES if who == ROBOT else row.scopes
    scope = next(some(f"{row.name} {who} {whose}", tuple(sorted(scopes or row.scopes))))
    headers = visitor.bearer(frozenset([scope, "read"]))
    return visitor.goes(route, row.method, whose, headers), row.expects(who, whose)
