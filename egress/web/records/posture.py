"""The posture of a cluster, as the cluster's page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from egress.domain.access import Enforcement
from egress.domain.posture import WHY, Level, Row, Site, Step, is_boundary, steps_for
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
    """One row; `state` is the name of its badge.

    `why` says what happens when the check fails, at the first row of each check only. `steps` are
    commands that show and mend what was found.
    """

    row: Row
    state: str
    why: str
    steps: list[Step]


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
    checks = _shown(visible_rows(cluster, standing), _site_of(cluster))
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


def _shown(rows: Iterable[Row], site: Site) -> list[PostureRow]:
    """Return rows of checks for the page, those that found something first."""
    checks = [row for row in rows if row.id != "Foreign"]
    shown, said = [], set[str]()
    for row in sorted(checks, key=lambda row: row.level is Level.OK):
        why = "" if row.id in said else WHY.get(row.id, "")
        said.add(row.id)
        shown.append(PostureRow(row, BADGE_OF_LEVEL[row.level], why, steps_for(row, site)))
    return shown


def _site_of(cluster: Cluster) -> Site:
    """Return where commands go. istiod runs in the root namespace unless somebody moved that."""
    mesh = cluster.mesh if isinstance(cluster.mesh, dict) else {}
    revisions = [str(one) for one in mesh.get("revisions") or []]
    if len(revisions) != 1 or revisions == ["default"]:
        return Site(cluster.name, cluster.root_namespace)
    return Site(cluster.name, cluster.root_namespace, f"istio-{revisions[0]}")


def _number(check: str) -> tuple[int, str]:
    digits = check.removeprefix("PF")
    return (int(digits) if digits.isdecimal() else 99, check)
