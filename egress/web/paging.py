"""Pages of long lists, found by key: as fast at row one million as at row one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import DateTimeField, Model, Q, QuerySet
from django.http import HttpRequest, QueryDict

Row = TypeVar("Row", bound=Model)
ROWS_PER_PAGE = 50
LONGEST_KEY = 18
"""Digits of the longest key looked at: every one of them fits a 64-bit column."""
LONGEST_NAME = 253
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


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
    cut = _Cut((field,), (before,) if before else (), (after,) if after else (), size)
    return cut.page_of(queryset, request.GET)


def in_order(
    queryset: QuerySet[Row],
    query: QueryDict,
    order: tuple[str, ...],
    *,
    size: int = ROWS_PER_PAGE,
) -> Page[Row]:
    """Return the page of `queryset` in an order that `?after=KEYS` or `?before=KEYS` asks for.

    `order` names columns of whole numbers or of times, falling ones with a minus; together they
    are different in every row, and no time is empty. KEYS are those of the row next to the page,
    with dots between them. What comes next is `older`, what came before is `newer`. Anything that
    is no key is ignored.
    """
    before, after = _keys(query, "before", len(order)), _keys(query, "after", len(order))
    return _Cut(order, before, after, size).page_of(queryset, query)


@dataclass(frozen=True)
class _Cut:
    """Where a page is cut out of rows: in which order, before or after which keys, how long."""

    order: tuple[str, ...]
    before: tuple[int | str, ...]
    after: tuple[int | str, ...]
    size: int

    def page_of(self, queryset: QuerySet[Row], query: QueryDict) -> Page[Row]:
        """Return the page, with links to its neighbours that keep the rest of `query`."""
        if self.before:
            found = self._read(queryset, tuple(map(_turned, self.order)), self.before)
            rows, has_next = found[: self.size][::-1], True
            has_previous = len(found) > self.size
        else:
            found = self._read(queryset, self.order, self.after)
            rows, has_next = found[: self.size], len(found) > self.size
            has_previous = bool(self.after)
        return Page(
            rows,
            older=_link_in(query, after=self._key_of(rows[-1])) if rows and has_next else "",
            newer=_link_in(query, before=self._key_of(rows[0])) if rows and has_previous else "",
        )

    def _read(
        self, queryset: QuerySet[Row], order: tuple[str, ...], keys: tuple[int | str, ...]
    ) -> list[Row]:
        asked = tuple(_value(queryset, *pair) for pair in zip(order, keys, strict=False))
        beyond = _beyond(order, asked) if keys else Q()
        return list(queryset.filter(beyond).order_by(*order)[: self.size + 1])

    def _key_of(self, row: Model) -> str:
        return ".".join(_key_text(getattr(row, column.lstrip("-"))) for column in self.order)


def _key_text(value: object) -> str:
    """Return a value as it stands in an address: times as microseconds since 1970."""
    if isinstance(value, datetime):
        return str((value - _EPOCH) // timedelta(microseconds=1))
    return str(value)


def _value(queryset: QuerySet[Row], column: str, key: int | str) -> int | str | datetime:
    """Return the value of a column that a key stands for."""
    stored = {field.name: field for field in queryset.model._meta.concrete_fields}
    if isinstance(stored.get(column.lstrip("-")), DateTimeField) and isinstance(key, int):
        return _EPOCH + timedelta(microseconds=min(key, _LATEST))
    return key


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _beyond(order: tuple[str, ...], keys: tuple[int | str | datetime, ...]) -> Q:
    """Return the condition of rows that come after the one with these keys."""
    beyond, same = Q(), Q()
    for column, key in zip(order, keys, strict=True):
        name, step = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
        beyond |= same & Q(**{f"{name}__{step}": key})
        same &= Q(**{name: key})
    return beyond


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


def _keys(query: QueryDict, name: str, count: int) -> tuple[int | str, ...]:
    """Return the keys in the query, none unless there are `count` of them."""
    keys = [typed_key(text) for text in query.get(name, "")[:LONGEST_NAME].split(".")]
    found = tuple(key for key in keys if key is not None)
    return found if len(found) == len(keys) == count else ()


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
    return _link_in(request.GET, **cursor)


def _link_in(asked: QueryDict, **cursor: int | str) -> str:
    query = asked.copy()
    query.pop("before", None)
    query.pop("after", None)
    for name, key in cursor.items():
        query[name] = str(key)
    return f"?{query.urlencode()}"
