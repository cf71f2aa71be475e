"""Rows of the posture: what a check found, how much it weighs, what mends it (istio.md 3.10)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from egress.domain.access import Enforcement

BOUNDARY_CHECKS = frozenset({"PF2", "PF7"})
"""Checks that hold nothing back, but without which the gateway is no boundary."""
NEEDS_DNS_CHECK = "PF8"
_BLOCKING_CHECKS = frozenset({"PF1", "PF3", "PF4", "PF5", "PF6", "PF8", "PF10"})


class Level(StrEnum):
    """How a check went, the worst first. `review` costs the boundary, `block` holds writes back.

    `unknown` is what could not be read: it weighs as much as the check does, until an admin vouches
    for it.
    """

    BLOCK = "block"
    REVIEW = "review"
    UNKNOWN = "unknown"
    WARN = "warn"
    OK = "ok"


class Scope(StrEnum):
    """What a row is about."""

    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    HOST = "host"


@dataclass(frozen=True)
class Row:
    """One line of the posture.

    `id` names the check, PF1 to PF10, or `Foreign` for what is merely listed. `object` is the
    object that was found, as `Kind namespace/name`. `namespace` and `host` say whom it concerns,
    empty for all. `enforcements` limit it to namespaces with one of them, empty for all.
    `attested` says who vouches for what could not be read. `reason` is a CamelCase word where a
    check can find several things.
    """

    id: str
    level: Level
    scope: Scope
    sentence: str
    object: str = ""
    fix: str = ""
    namespace: str = ""
    host: str = ""
    enforcements: tuple[Enforcement, ...] = ()
    attested: str = ""
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain data, as it is stored."""
        return asdict(self) | {"enforcements": [str(one) for one in self.enforcements]}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Row":
        """Return the row that `as_json` wrote. Raises ValueError for anything else."""
        try:
            known = {name: str(stored.get(name, "")) for name in _TEXTS}
            return cls(
                level=Level(stored["level"]),
                scope=Scope(stored["scope"]),
                enforcements=tuple(map(Enforcement, stored.get("enforcements", ()))),
                **known,
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError("This is no row of a posture.") from error


_TEXTS = ("id", "sentence", "object", "fix", "namespace", "host", "attested", "reason")


def attested(rows: Iterable[Row], attestations: Mapping[str, Mapping[str, str]]) -> list[Row]:
    """Return `rows` where an admin's word stands in for what could not be read.

    `attestations` maps ids of checks to {by, at, note}. It never speaks for what was found.
    """
    return [_attested(row, attestations.get(row.id)) for row in rows]


def _attested(row: Row, word: Mapping[str, str] | None) -> Row:
    if row.level is not Level.UNKNOWN or not word:
        return row
    said = f"{word.get('by', '')} on {word.get('at', '')[:10]}: {word.get('note', '')}"
    return replace(row, level=Level.OK, attested=said)


def is_boundary(rows: Iterable[Row]) -> bool:
    """Tell whether nothing that was found lets workloads past the gateway's rules.

    Says nothing about namespaces under `sidecar` enforcement, which is a guardrail by nature.
    """
    return all(row.level is Level.OK for row in rows if row.id in BOUNDARY_CHECKS)


def blocks(
    rows: Iterable[Row],
    *,
    host: str,
    namespace: str,
    needs_dns: bool,
    enforcement: Enforcement | None = None,
) -> list[Row]:
    """Return the rows that hold back writes which give `namespace` access to `host`.

    Writes that take access away are never held back. `needs_dns` tells that the destination is
    TCP by name, without fixed addresses. With `enforcement`, rows about other ones do not count.
    """
    return [
        row
        for row in rows
        if row.id in _BLOCKING_CHECKS
        and row.level in (Level.BLOCK, Level.UNKNOWN)
        and row.namespace in ("", namespace)
        and row.host in ("", host)
        and (needs_dns or row.id != NEEDS_DNS_CHECK)
        and (enforcement is None or not row.enforcements or enforcement in row.enforcements)
    ]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by check, the worst of each first."""
    severity = list(Level)
    return sorted(
        rows,
        key=lambda row: (_number(row.id), severity.index(row.level), row.object, row.sentence),
    )


def _number(check: str) -> tuple[int, str]:
    digits = check.removeprefix("PF")
    return (int(digits), "") if digits.isdecimal() else (99, check)
