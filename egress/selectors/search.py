"""Search: what contains a word, the newest of what may be seen.

Somebody with few namespaces waits for what is in them only. For others each column is looked
through on its own and only until enough is found, so that each search can use the index of its
column. Names are stored in lower case, and compared as they are stored.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from egress.models import Grant, Namespace, Request, RequestDestination
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import pinned_now, visible_namespaces
from egress.selectors.requests import visible_requests
from egress.selectors.search_others import Hit, search_others

INDEXED = re.compile(r"[^\W_]{3}")
"""What a word must have for an index to find it: PostgreSQL's hold three letters in a row."""
_BETWEEN = " "
"""Stands between names that are looked through together; no name has one."""
_OF_ROW = Q(request=OuterRef("pk"))


@dataclass(frozen=True)
class Found:
    """What was found, each newest first and at most so many."""

    namespaces: list[Namespace]
    requests: list[Request]
    grants: list[Grant]
    others: list[Hit] = field(default_factory=list)


def search(standing: Standing, word: str, most: int) -> Found:
    """Return what contains `word`, at most `most` of each kind, as far as somebody may know."""
    where = _Where(standing, word, most)
    keys: dict[str, list[int]] = {}
    first, *others = (*where.grants(), *where.requests())
    for kind, key in first.union(*others):
        keys.setdefault(kind, []).append(key)
    asked = visible_requests(standing).filter(pk__in=keys.get("request", ()))
    granted = visible_grants(standing).filter(pk__in=keys.get("grant", ()))
    return Found(
        list(visible_namespaces(standing).filter(name__contains=word.lower())[:most]),
        list(asked.order_by("-pk")[:most]),
        list(granted.order_by("-pk")[:most]),
        search_others(standing, word, most),
    )


class _Where:
    """Where a word is looked for: parts of one query, each the newest keys of one kind."""

    def __init__(self, standing: Standing, word: str, most: int) -> None:
        self.standing = standing
        self.word = word
        self.name = word.lower()
        self.most = most
        self.pinned = None if standing.sees_everything else pinned_now(standing)
        self.has_little = self.pinned is not None and not standing.scopes

    def grants(self) -> Iterator[QuerySet[Any, Any]]:
        """Yield the keys of grants of which a column matches."""
        rows = visible_grants(self.standing, self.pinned)
        yield from self._named("grant", rows, "namespace", "service_account", "host")

    def requests(self) -> Iterator[QuerySet[Any, Any]]:
        """Yield the keys of requests of which a column, a destination or who asked matches."""
        rows = visible_requests(self.standing, self.pinned)
        yield from self._named("request", rows, "namespace", "service_account")
        asked_for = RequestDestination.objects.filter(host__contains=self.name)
        if self.has_little:
            yield self._newest("request", rows.filter(Exists(asked_for.filter(_OF_ROW))))
        else:
            yield self._newest("request", rows.filter(pk__in=asked_for.values("request")))
        yield self._newest("request", rows.filter(requester__username__icontains=self.word))

    def _named(self, kind: str, rows: QuerySet[Any], *columns: str) -> Iterator[QuerySet[Any, Any]]:
        """Yield the keys of rows of which one of the columns matches."""
        if INDEXED.search(self.name) and not self.has_little:
            for column in columns:
                yield self._newest(kind, rows.filter(**{f"{column}__contains": self.name}))
            return
        if _BETWEEN in self.name:
            return
        parts = [part for column in columns for part in (Value(_BETWEEN), F(column))]
        joined = rows.alias(_joined=Concat(*parts, output_field=CharField()))
        yield self._newest(kind, joined.filter(_joined__contains=self.name))

    def _newest(self, kind: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
        # By an expression where there is little: else the database may go through everything by
        # key, instead of through the few rows that may be seen.
        place = F("pk") + 0 if self.has_little else F("pk")
        plain = rows.select_related(None).prefetch_related(None).order_by(place.desc())
        some = rows.model._default_manager.filter(pk__in=plain.values("pk")[: self.most])
        columns = {"_kind": Value(kind, CharField()), "_key": F("pk")}
        keys: QuerySet[Any, Any] = some.order_by().annotate(**columns).values_list(*columns)
        return keys
