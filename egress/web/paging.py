"""Pages of long lists, found by key: as fast at row one million as at row one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
ROWS_PER_PAGE = 50
LONGEST_KEY = 18
"""Digits of the longest key looked at: every one of them fits a 64-bit column."""
LONGEST_NAME = 253


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows, newest first or by name.

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


def by_name(
    queryset: QuerySet[Row], request: HttpRequest, field: str = "name", *, size: int = ROWS_PER_PAGE
) -> Page[Row]:
    """Return the page of `queryset` that `?after=NAME` or `?before=NAME` asks for, in that order.

    `field` is the name by which rows are ordered; no two rows have the same. What comes next is
    `older`, what came before is `newer`.
    """
    before, after = _name(request, "before"), _name(request, "after")
    if before:
        found = list(queryset.filter(**{f"{field}__lt": before}).order_by(f"-{field}")[: size + 1])
        rows, has_next, has_previous = found[:size][::-1], True, len(found) > size
    else:
        if after:
            queryset = queryset.filter(**{f"{field}__gt": after})
        found = list(queryset.order_by(field)[: size + 1])
        rows, has_next, has_previous = found[:size], len(found) > size, bool(after)
    return Page(
        rows,
        older=_link(request, after=getattr(rows[-1], field)) if rows and has_next else "",
        newer=_link(request, before=getattr(rows[0], field)) if rows and has_previous else "",
    )


def every(queryset: QuerySet[Row], *, first: int = 100, at_once: int = 2000) -> Iterator[Row]:
    """Yield all rows, newest first, in pieces found by key; the first comes soon.

    A cursor of the database would keep it busy for as long as somebody downloads, and begin only
    when it knows the whole result.
    """
    rows, size = queryset.order_by("-pk"), first
    while piece := list(rows[:size]):
        yield from piece
        if len(piece) < size:
            return
        rows, size = queryset.filter(pk__lt=piece[-1].pk).order_by("-pk"), at_once


def _name(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "")[:LONGEST_NAME]


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


def _link(request: HttpRequest, **cursor: int | str) -> str:
    """Return the query string of a neighbour, with the filters of this page."""
    query = request.GET.copy()
    query.pop("before", None)
    query.pop("after", None)
    for name, key in cursor.items():
        query[name] = str(key)
    return f"?{query.urlencode()}"
