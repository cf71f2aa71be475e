"""The posture of a cluster, as the cluster's page shows it."""

from dataclasses import dataclass
from datetime import datetime

from egress.domain.access import Enforcement
from egress.domain.posture import Level, Row, is_boundary
from egress.models import Cluster
from egress.models.standing import Standing
from egress.selectors.posture import rows_of, visible_rows

BADGE_OF_LEVEL = {
    Level.BLOCK: "block",
    Level.REVIEW: "not-a-boundary",
    Level.UNKNOWN: "unknown",
    Level.WARN: "warn",
    Level.OK: "pass",
}


@dataclass(frozen=True)
class PostureRow:
    """One row; `state` is the name of its badge."""

    row: Row
    state: str


@dataclass(frozen=True)
class PosturePage:
    """What somebody may know of a posture.

    `trouble` are the rows that found something, `passed` those that did not. `guardrail` tells
    that sidecar enforcement is the default. Foreign ways out have a panel of their own.
    """

    looked_at: datetime | None
    boundary: bool
    guardrail: bool
    trouble: list[PostureRow]
    passed: list[PostureRow]
    unknown: list[str]
    attested: list[str]


def posture_page(cluster: Cluster, standing: Standing) -> PosturePage:
    """Return the posture of a cluster, as far as somebody may know of it."""
    seen = [PostureRow(row, BADGE_OF_LEVEL[row.level]) for row in visible_rows(cluster, standing)]
    checks = [one for one in seen if one.row.id != "Foreign"]
    unknown = {one.row.id for one in checks if one.row.level is Level.UNKNOWN}
    return PosturePage(
        looked_at=cluster.posture_at,
        boundary=is_boundary(rows_of(cluster)),
        guardrail=cluster.enforcement == Enforcement.SIDECAR,
        trouble=[one for one in checks if one.row.level is not Level.OK],
        passed=[one for one in checks if one.row.level is Level.OK],
        unknown=sorted(unknown, key=_number),
        attested=sorted(cluster.attestations, key=_number) if standing.sees_everything else [],
    )


def _number(check: str) -> tuple[int, str]:
    digits = check.removeprefix("PF")
    return (int(digits) if digits.isdecimal() else 99, check)
