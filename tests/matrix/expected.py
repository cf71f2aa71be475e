"""All tables of expected answers, put together."""

from tests.matrix import expected_access, expected_api, expected_people, expected_places
from tests.matrix.routes import Route
from tests.matrix.table import Row, rows_of

PAGES = rows_of(
    (*expected_access.TABLES, *expected_places.TABLES, *expected_people.TABLES), of_api=False
)
API = rows_of(expected_api.TABLES, of_api=True)
HOW_TO_ADD = (
    "Write in tests/matrix/expected_*.py who gets what from it (tests/matrix/table.py explains the"
    " lines), and what is sent with it in tests/matrix/sent.py."
)


def rows_for(route: Route) -> list[Row]:
    """Return the rows of an address, one for each method."""
    tables = API if route.is_api else PAGES
    return [row for row in tables.values() if row.key == route.key]
