"""What waits for somebody, as the numbers that every page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Expression, QuerySet

from egress.models import Cluster, Person
from egress.models.standing import Standing
from egress.selectors.break_glass import second_looks
from egress.selectors.counting import composed_count
from egress.selectors.notifications import unread_notifications
from egress.selectors.recertification import keys_waiting_for
from egress.selectors.requests import queue

STANDINGS_REMEMBERED = 500
"""For so many the query is kept; for others it is composed again."""


@dataclass(frozen=True)
class Attention:
    """What waits for a person, in numbers.

    Requests to decide, openings by break-glass to look at, unread notifications, and grants to
    confirm.
    """

    to_decide: int = 0
    to_look_at: int = 0
    unread: int = 0
    to_confirm: int = 0


def attention_of(standing: Standing) -> Attention:
    """Return what waits for the person; unread notifications are counted up to UNREAD_COUNTED."""
    if standing.person_id is None:
        return Attention()
    rows = Person.objects.filter(pk=standing.person_id).values(**_figures(standing))
    found = rows.first()
    return Attention(**found) if found else Attention()


def attention_beside(
    clusters: QuerySet[Cluster], standing: Standing
) -> tuple[list[Cluster], Attention]:
    """Return clusters, and what waits for the person, in one query where there is a cluster."""
    if standing.person_id is None:
        return list(clusters), Attention()
    figures = {f"_{name}": figure for name, figure in _figures(standing).items()}
    found = list(clusters.annotate(**figures))
    if not found:
        return found, attention_of(standing)
    return found, Attention(**{name[1:]: getattr(found[0], name) for name in figures})


def _figures(standing: Standing) -> Mapping[str, Expression]:
    return _composed(standing, connection.vendor)


@lru_cache(maxsize=STANDINGS_REMEMBERED)
def _composed(standing: Standing, vendor: str) -> Mapping[str, Expression]:
    """Return the numbers as columns, in the words of the database `vendor`.

    Composing them takes longer than counting does, and every page shows them. They follow from
    the standing alone, which is read anew each time.
    """
    waiting: dict[str, QuerySet[Any, Any]] = {"unread": unread_notifications(standing)}
    if standing.scopes:
        waiting["to_look_at"] = second_looks(standing).order_by()
    if standing.may_be_asked:
        waiting["to_decide"] = queue(standing).order_by()
    if standing.may_own and not standing.is_robot:
        waiting["to_confirm"] = keys_waiting_for(standing)
    return {name: composed_count(rows.values("pk")) for name, rows in waiting.items()}
