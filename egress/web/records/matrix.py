"""The matrix of grants as the page shows it: heads, cells, and the ways to its other parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from egress.models import Cluster, Grant
from egress.models.standing import Standing
from egress.selectors.matrix import Cell, CellState, Keys, cells, keys_of
from egress.selectors.namespaces import askable_namespaces
from egress.web.pictures.text import fit
from egress.web.style.badges import BADGES, Badge

NAMESPACES, HOSTS = 30, 20
"""At most so many rows and columns on one page."""
HEAD_CHARACTERS = 30
_LONGEST_KEY = 253
_SIDES = ("namespaces", "hosts")
LOOKS: Mapping[CellState, Badge] = {
    **{state: BADGES[state] for state in CellState if state is not CellState.ENDED},
    CellState.ACTIVE: Badge("In force", BADGES["active"].icon, BADGES["active"].tone),
    CellState.ENDED: Badge("Ended", BADGES["expired"].icon, BADGES["expired"].tone),
}


@dataclass(frozen=True)
class Cursor:
    """Where the page begins or ends on both sides, as the URL says; and the rest of the URL."""

    query: QueryDict

    def at(self, side: str) -> dict[str, str]:
        """Return the keys of `namespaces` or `hosts` in the URL, as `keys_of` takes them."""
        return {
            end: self.query.get(f"{side}_{end}", "").replace("\0", "")[:_LONGEST_KEY]
            for end in ("after", "before")
        }

    def to(self, side: str, **key: str) -> str:
        """Return the query string of a neighbour; which hosts there are depends on the rows."""
        query = self.query.copy()
        for changed in _SIDES[_SIDES.index(side) :]:
            for end in ("after", "before"):
                query.pop(f"{changed}_{end}", None)
        for end, name in key.items():
            query[f"{side}_{end}"] = name
        return f"?{query.urlencode()}"


@dataclass(frozen=True)
class Side:
    """The names on one side of the page. `before` and `after` lead on, empty at the ends."""

    names: tuple[str, ...]
    before: str
    after: str

    @classmethod
    def of(cls, keys: Keys, cursor: Cursor, side: str) -> "Side":
        """Return the side of these keys."""
        first, last = (keys.names[0], keys.names[-1]) if keys.names else ("", "")
        return cls(
            keys.names,
            cursor.to(side, before=first) if first and keys.has_before else "",
            cursor.to(side, after=last) if last and keys.has_after else "",
        )

    @property
    def first(self) -> str:
        """Return the first name."""
        return self.names[0]

    @property
    def last(self) -> str:
        """Return the last name."""
        return self.names[-1]


@dataclass(frozen=True)
class Head:
    """A host at the head of a column, and the list of the grants for it."""

    host: str
    url: str

    @property
    def short(self) -> str:
        """Return the host as far as there is room."""
        return fit(self.host, HEAD_CHARACTERS)


@dataclass(frozen=True)
class ShownCell:
    """A cell: `look` is None where nothing is granted; then `url` asks for it, or is empty."""

    look: Badge | None
    words: str
    url: str
    grants: int = 0
    has_accounts: bool = False


@dataclass(frozen=True)
class ShownRow:
    """One namespace with a cell for each host."""

    namespace: str
    cells: tuple[ShownCell, ...]


@dataclass(frozen=True)
class Matrix:
    """One page of the matrix."""

    cluster: Cluster
    namespaces: Side
    hosts: Side
    heads: tuple[Head, ...]
    rows: tuple[ShownRow, ...]
    looks: tuple[Badge, ...]
    """The looks of cells that are there, for the legend."""
    may_ask: bool


def matrix_of(
    grants: QuerySet[Grant], cluster: Cluster, standing: Standing, cursor: Cursor
) -> Matrix:
    """Return the part of the matrix that the URL asks for.

    `grants` are those of one cluster that pass the filters. Hosts are those that the namespaces
    on the page have grants for.
    """
    spaces = keys_of(grants, "namespace", size=NAMESPACES, **cursor.at("namespaces"))
    here = grants.filter(namespace__in=spaces.names)
    hosts = keys_of(here, "host", size=HOSTS, **cursor.at("hosts"))
    found = cells(grants, spaces.names, hosts.names)
    own = askable_namespaces(standing, cluster).filter(name__in=spaces.names)
    askable = set(own.values_list("name", flat=True))
    rows = tuple(
        ShownRow(
            name,
            tuple(
                _shown(found.get((name, host)), cluster, name, host, may_ask=name in askable)
                for host in hosts.names
            ),
        )
        for name in spaces.names
    )
    states = {cell.state for cell in found.values()}
    return Matrix(
        cluster=cluster,
        namespaces=Side.of(spaces, cursor, "namespaces"),
        hosts=Side.of(hosts, cursor, "hosts"),
        heads=tuple(Head(host, _list_of(cluster, host=host)) for host in hosts.names),
        rows=rows,
        looks=tuple(LOOKS[state] for state in CellState if state in states),
        may_ask=bool(askable),
    )


def _shown(
    cell: Cell | None, cluster: Cluster, namespace: str, host: str, *, may_ask: bool
) -> ShownCell:
    if cell is None:
        asked = {"cluster": cluster.name, "namespace": namespace, "host": host, "port": 443}
        url = f"{reverse('request-new')}?{urlencode(asked)}" if may_ask else ""
        words = f"Nothing granted. Ask for {host} in {namespace}" if may_ask else "Nothing granted"
        return ShownCell(None, words, url)
    url = reverse("grant", args=[cell.first])
    if cell.grants > 1:
        status = "ended" if cell.state is CellState.ENDED else ""
        url = _list_of(cluster, namespace=namespace, host=host, status=status)
    look = LOOKS[cell.state]
    return ShownCell(look, _words(cell, look), url, cell.grants, bool(cell.accounts))


def _words(cell: Cell, look: Badge) -> str:
    words = [look.word]
    if cell.grants > 1:
        words.append(f"{cell.grants} grants")
    if cell.accounts == 1:
        words.append(f"{'also' if cell.is_whole else 'only'} service account {cell.account}")
    elif cell.accounts:
        words.append(f"{'also' if cell.is_whole else 'only'} {cell.accounts} service accounts")
    return ", ".join(words)


def _list_of(cluster: Cluster, **filters: str) -> str:
    asked = {"cluster": cluster.name, **{name: text for name, text in filters.items() if text}}
    return f"{reverse('grants')}?{urlencode(asked)}"
