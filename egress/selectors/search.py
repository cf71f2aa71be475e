"""Search: what contains a word, the newest of what may be seen.

Each column is looked through on its own and only until enough is found, so that each search can
use the index of its column. Names are stored in lower case, and compared as they are stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from egress.models import Grant, Namespace, Request, RequestDestination
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces
from egress.selectors.requests import visible_requests
from egress.selectors.search_others import Hit, search_others

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Found:
    """What was found, each newest first and at most so many."""

    namespaces: list[Namespace]
    requests: list[Request]
    grants: list[Grant]
    others: list[Hit] = field(default_factory=list)


def search(standing: Standing, word: str, most: int) -> Found:
    """Return what contains `word`, at most `most` of each kind, as far as somebody may know."""
    name = word.lower()
    named = Q(namespace__contains=name)
    account = Q(service_account__contains=name)
    host = Q(host__contains=name)
    asked_for = Q(pk__in=RequestDestination.objects.filter(host).values("request"))
    person = Q(requester__username__icontains=word)
    return Found(
        list(visible_namespaces(standing).filter(name__contains=name)[:most]),
        _newest(visible_requests(standing), (named, account, asked_for, person), most),
        _newest(visible_grants(standing), (named, account, host), most),
        search_others(standing, word, most),
    )


def _newest(rows: QuerySet[Row], columns: Iterable[Q], most: int) -> list[Row]:
    """Return the newest of the rows of which any column matches."""
    plain = rows.select_related(None).prefetch_related(None).order_by("-pk")
    each = (Q(pk__in=plain.filter(column).values("pk")[:most]) for column in columns)
    return list(rows.filter(reduce(or_, each)).order_by("-pk")[:most])
