"""What the policies say about a wish, and who would have to decide it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from egress.domain.access import Destination, Subject, Wish
from egress.domain.policies import Finding, Level
from egress.domain.wording import listed, quoted
from egress.models import Cluster, Grant, Person, Risk
from egress.selectors import people, policy
from egress.selectors.ground import Ground
from egress.services.errors import Refused
from egress.services.guards import as_duration
from egress.services.requests.sights import Sight

APPROVALS_AFTER_REVIEW = 2


@dataclass(frozen=True)
class Assessment:
    """What the policies found, and who may decide.

    `approvals_needed` counts distinct people who must say the same; `approvers` are all who may
    decide, the requester excluded. `live` are those findings that the cluster itself gave.
    """

    findings: tuple[Finding, ...]
    approvers: tuple[Person, ...]
    live: frozenset[Finding] = frozenset()

    @property
    def approvals_needed(self) -> int:
        """How many distinct approvers must agree."""
        return approvals_needed(self.findings)

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """The findings that refuse the wish."""
        return blocks(self.findings)


def approvals_needed(findings: Iterable[Finding]) -> int:
    """Return how many distinct approvers must agree: two when a finding asks for a review."""
    reviewed = any(finding.level is Level.REVIEW for finding in findings)
    return APPROVALS_AFTER_REVIEW if reviewed else 1


def blocks(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that refuse a wish."""
    return tuple(finding for finding in findings if finding.level is Level.BLOCK)


def assess(
    *,
    cluster: Cluster,
    subject: Subject,
    destinations: Iterable[Destination],
    duration_days: int | None,
    requester: Person | None,
    sight: Sight,
    renews: Grant | None = None,
    ground: Ground | None = None,
) -> Assessment:
    """Return what the policies say now, and who may decide.

    `renews` is the grant that would be extended: it does not stand in its own way. `sight` is
    the live cluster, `ground` what the wish stands on, where that was read already.
    """
    wish = Wish(subject, tuple(destinations), as_duration(duration_days))
    live = sight.findings(cluster, wish)
    findings = policy.findings_for(cluster, wish, renews=renews, posture=live, ground=ground)
    involved = [requester, renews.request.requester if renews else None]
    approvers = people.approvers_for(
        cluster, subject.namespace, excluding=[person for person in involved if person]
    )
    missing = approvals_needed(findings) - len(approvers)
    if missing > 0:
        findings = (*findings, _nobody_can_approve(cluster, subject, approvers, missing))
    return Assessment(findings, tuple(approvers), frozenset(live))


def _nobody_can_approve(
    cluster: Cluster, subject: Subject, approvers: list[Person], missing: int
) -> Finding:
    names = listed([person.username for person in approvers])
    there = f"only {names} may decide" if approvers else "nobody else may decide"
    return Finding(
        reason="NobodyCanApprove",
        message=(
            f"For namespace {quoted(subject.namespace)} of cluster {quoted(cluster.name)} "
            f"{there}, and {missing} more approver{'s are' if missing > 1 else ' is'} needed. "
            "Ask an admin to name one."
        ),
        level=Level.BLOCK,
        field="namespace",
    )


def refuse_blocked(findings: Iterable[Finding]) -> None:
    """Raise Refused, with the sentences by field, when a finding blocks."""
    found = blocks(findings)
    if not found:
        return
    fields: dict[str, list[str]] = {}
    for finding in found:
        fields.setdefault(input_field(finding.field), []).append(finding.message)
    raise Refused(found[0].message, reason=found[0].reason, fields=fields)


def input_field(field: str) -> str:
    """Return the input field a finding is about, under the name that drafts have for it."""
    return "duration_days" if field == "duration" else field


def at_positions(findings: Iterable[Finding], positions: Sequence[int]) -> tuple[Finding, ...]:
    """Return findings about a part of the destinations under the positions these really have.

    The n-th destination that was judged stands at `positions[n]`.
    """
    return tuple(_at_position(finding, positions) for finding in findings)


def _at_position(finding: Finding, positions: Sequence[int]) -> Finding:
    head, _, rest = finding.field.partition(".")
    if head != "destinations" or not rest:
        return finding
    index, _, part = rest.partition(".")
    place = f"destinations.{positions[int(index)]}"
    return replace(finding, field=f"{place}.{part}" if part else place)


def as_stored(assessment: Assessment) -> dict[str, Any]:
    """Return the columns of a request that keep the findings: what is said, and the risk.

    Findings that the cluster gave are marked as such.
    """
    said = [
        {
            "reason": finding.reason,
            "message": finding.message,
            "level": str(finding.level),
            "field": finding.field,
            "codes": list(finding.codes),
            "live": finding in assessment.live,
        }
        for finding in assessment.findings
    ]
    return {"findings": said, "risk": risk_of(assessment.findings)}


def risk_of(findings: Iterable[Finding]) -> Risk:
    """Return the highest level among findings, CLEAR without any."""
    return max((Risk[finding.level.name] for finding in findings), default=Risk.CLEAR)


def live_findings(stored: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Return what the cluster said when a request was stored, from the findings it keeps."""
    return tuple(
        Finding(
            one["reason"], one["message"], Level(one["level"]), one["field"], tuple(one["codes"])
        )
        for one in stored
        if one.get("live")
    )
