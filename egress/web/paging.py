"""Pages of long lists, newest first, found by key: as fast at row one million as at row one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
ROWS_PER_PAGE = 50
LONGEST_KEY = 18
"""Digits of the longest key looked at: every one of them fits a 64-bit column."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows, newest first.

    `older` and `newer` are query strings that lead to the neighbours and keep the filters,
    empty where nothing follows (templates/_pager.html).
    """

    rows: Sequence[Row]
    older: str = ""
    newer: str = ""


def _first_rows(
    queryset: QuerySet[Row], order: str, limit: int, start: int | None
) -> Sequence[Row]:
    return list(queryset.order_by(order)[:limit])


def newest_first(
    queryset: QuerySet[Row],
    request: HttpRequest,
    *,
    size: int = ROWS_PER_PAGE,
    take: Callable[[QuerySet[Row], str, int, int | None], Sequence[Row]] = _first_rows,
) -> Page[Row]:
    """Return the page of `queryset` that `?before=KEY` or `?after=KEY` asks for.

    Rows are ordered by primary key, highest first; one row more than `size` is read to learn
    whether another page follows, and nothing is counted. Anything that is no key is ignored.
    `take` reads the first rows in an order (`pk` or `-pk`) from a key on (None: from the end), for
    lists that have a faster way.
    """
    before, after = _key(request, "before"), _key(request, "after")
    if after is not None:
        found = take(queryset.filter(pk__gt=after), "pk", size + 1, after)
        return _page(request, found[:size][::-1], older=True, newer=len(found) > size)
    if before is not None:
        queryset = queryset.filter(pk__lt=before)
    found = take(queryset, "-pk", size + 1, before)
    return _page(request, found[:size], older=len(found) > size, newer=before is not None)


def _page(request: HttpRequest, rows: Sequence[Row], *, older: bool, newer: bool) -> Page[Row]:
    """Return the page; an empty one has no neighbours, its filters are the way back."""
    return Page(
        rows,
        older=_link(request, before=rows[-1].pk) if rows and older else "",
        newer=_link(request, after=rows[0].pk) if rows and newer else "",
    )


def _key(request: HttpRequest, name: str) -> int | None:
    """Return the key in the query, None when it is none."""
    return typed_key(request.GET.get(name, ""))


def typed_key(text: str) -> int | None:
    """Return a key as it came from a browser, None when it is none."""
    is_key = text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY
    return int(text) if is_key else None


def _link(request: HttpRequest, **cursor: int) -> str:
    """Return the query string of a neighbour, with the filters of this page."""
    query = request.GET.copy()
    query.pop("before", None)
    query.pop("after", None)
    for name, key in cursor.items():
        query[name] = str(key)
    return f"?{query.urlencode()}"
