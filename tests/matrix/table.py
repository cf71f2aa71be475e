"""The tables of expected answers, read.

A line is a method, the name of an address (for the API its place), and a column of letters for
each kind of object; see `calls.py` for the letters and `people.py` for their order. One column is
for addresses without an object, two are for (own or team, foreign), three for (own, team,
foreign). One letter alone is for everybody, two are for nobody and everybody else. A line of the
API has two more: before the columns the scopes of which a token needs one, behind them the answer
to a token that is bound elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.matrix.people import CALLERS, DEACTIVATED, PEOPLE
from tests.matrix.world import OBJECTS


@dataclass(frozen=True)
class Row:
    """What everybody gets from one method of one address."""

    method: str
    key: str
    columns: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    elsewhere: str = ""

    @property
    def name(self) -> str:
        """Return how the row is called."""
        return f"{self.method} {self.key}"

    @property
    def is_alike(self) -> bool:
        """Whether everybody who is signed in gets the same, whatever it is about."""
        return len(self.columns) == 1 and len(self.columns[0]) < 3

    @property
    def objects(self) -> tuple[str, ...]:
        """Return the objects for which the answers differ."""
        return {1: ("own",), 2: ("own", "foreign"), 3: OBJECTS}[len(self.columns)]

    def expects(self, who: str, whose: str) -> str:
        """Return the letter for somebody and an object."""
        return _letter(self.columns[self.objects.index(whose)], who)

    def expects_elsewhere(self, who: str) -> str:
        """Return the letter for somebody whose token is bound elsewhere."""
        return _letter(self.elsewhere, who)


def _letter(column: str, who: str) -> str:
    if len(column) < 3:
        return column[0] if who in ("nobody", DEACTIVATED) else column[-1]
    return column[CALLERS.index("nobody" if who == DEACTIVATED else who)]


def rows_of(tables: Iterable[str], *, of_api: bool) -> dict[str, Row]:
    """Return the rows of some tables by name. Raises ValueError for a line that is none."""
    found: dict[str, Row] = {}
    for line in (line for table in tables for line in table.splitlines()):
        words = line.partition("#")[0].split()
        if not words:
            continue
        row = _row(words, of_api)
        if row.name in found:
            raise ValueError(f"There are two lines for {row.name}.")
        found[row.name] = row
    return found


def _row(words: list[str], of_api: bool) -> Row:
    method, key, *rest = words
    scopes, elsewhere = frozenset[str](), ""
    if of_api:
        scopes, elsewhere = frozenset(rest[0].split("|")), rest[-1]
        rest = rest[1:-1]
    people = len(CALLERS if of_api else PEOPLE)
    columns = [*rest, elsewhere] if of_api else rest
    if not 1 <= len(rest) <= 3 or any(len(column) not in (1, 2, people) for column in columns):
        raise ValueError(
            f"{method} {key}: write 1 to 3 columns of {people} letters, or of one or two."
        )
    return Row(method, key, tuple(rest), scopes, elsewhere)
