"""Who may reach what, as a matrix of namespaces and hosts, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from egress.domain.lifecycle import ENDED_GRANT_STATUSES, GrantStatus
from egress.models import Grant


class CellState(StrEnum):
    """How the grants of a cell stand, the most urgent first: the cell has that of the first."""

    FAILED = "failed"
    PENDING = "pending"
    SUSPENDED = "suspended"
    EXPIRING = "expiring"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class Cell:
    """The grants of one namespace for one host.

    `first` is the primary key of one of them. `accounts` is how many service accounts have a
    grant of their own, `account` the name of the first; `is_whole` tells whether the namespace
    as a whole has one.
    """

    state: CellState
    grants: int
    first: int
    accounts: int
    account: str
    is_whole: bool


@dataclass(frozen=True)
class Keys:
    """Neighbouring keys of one side, in their order, and whether more lie before and after."""

    names: tuple[str, ...]
    has_before: bool = False
    has_after: bool = False


def keys_of(
    grants: QuerySet[Grant], field: str, *, size: int, after: str = "", before: str = ""
) -> Keys:
    """Return at most `size` different values of `field`: those behind `after`, or before `before`.

    One more is read to learn whether others follow; nothing is counted. Without either key the
    first ones are returned.
    """
    found = grants.order_by().values_list(field, flat=True).distinct()
    if before:
        rows = list(found.filter(**{f"{field}__lt": before}).order_by(f"-{field}")[: size + 1])
        return Keys(tuple(rows[:size][::-1]), has_before=len(rows) > size, has_after=True)
    if after:
        found = found.filter(**{f"{field}__gt": after})
    rows = list(found.order_by(field)[: size + 1])
    return Keys(tuple(rows[:size]), has_before=bool(after), has_after=len(rows) > size)


def cells(
    grants: QuerySet[Grant], namespaces: Sequence[str], hosts: Sequence[str]
) -> dict[tuple[str, str], Cell]:
    """Return what is in each cell that is not empty, by namespace and host: one grouped query."""
    if not (namespaces and hosts):
        return {}
    of_accounts = ~Q(service_account="")
    rows: QuerySet[Grant, Any] = (
        grants.filter(namespace__in=namespaces, host__in=hosts)
        .order_by()
        .values("namespace", "host")
        .annotate(
            grants=Count("pk"),
            first=Min("pk"),
            accounts=Count("service_account", filter=of_accounts, distinct=True),
            account=Min("service_account", filter=of_accounts),
            whole=Count("pk", filter=~of_accounts),
            **{f"is_{state}": Count("pk", filter=condition) for state, condition in _STATES},
        )
    )
    return {(row["namespace"], row["host"]): _cell(row) for row in rows}


_ENDED = Q(status__in=sorted(ENDED_GRANT_STATUSES))
_STATES = (
    (CellState.FAILED, ~_ENDED & ~Q(failed_reason="")),
    (CellState.PENDING, Q(status=GrantStatus.PENDING)),
    (CellState.SUSPENDED, Q(status=GrantStatus.SUSPENDED)),
    (CellState.EXPIRING, Q(status=GrantStatus.EXPIRING)),
    (CellState.ACTIVE, Q(status=GrantStatus.ACTIVE)),
)


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(
        state=next((state for state, _ in _STATES if row[f"is_{state}"]), CellState.ENDED),
        grants=row["grants"],
        first=row["first"],
        accounts=row["accounts"],
        account=row["account"] or "",
        is_whole=bool(row["whole"]),
    )
