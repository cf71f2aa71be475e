"""What the policies say about a wish, and who would have to decide it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from egress.deciding import Wanted
from egress.domain.access import Destination, Subject, Wish
from egress.domain.authority import (
    Stage,
    Voice,
    approvals_in,
    filled_by,
    missing_in,
    stages_for,
)
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import Outcome
from egress.domain.wording import listed, quoted
from egress.models import Cluster, Grant, Person, Risk
from egress.selectors import people, policy
from egress.selectors.ground import Ground
from egress.selectors.rule_book import NOTHING_KNOWN, Known, outcome_of
from egress.services.errors import Refused
from egress.services.guards import as_duration
from egress.services.requests.sights import Sight


@dataclass(frozen=True)
class Assessment:
    """What the policies found, and who may decide.

    `stages` are the steps of approval that it takes; `voices` what a yes of each person would
    count for who may approve all of it, the requester excluded. `live` are those findings that
    the cluster itself gave, and `outcome` is what the rule book said; its findings are among all
    of them.
    """

    findings: tuple[Finding, ...]
    stages: tuple[Stage, ...]
    voices: tuple[Voice, ...]
    live: frozenset[Finding] = frozenset()
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def approvers(self) -> tuple[str, ...]:
        """The sign-in names of all who may approve it."""
        return tuple(voice.person for voice in self.voices)

    @property
    def approvals_needed(self) -> int:
        """How many distinct approvers must agree."""
        return approvals_in(self.stages)


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
    reason: str | None = None,
    ticket: str | None = None,
    known: Known = NOTHING_KNOWN,
) -> Assessment:
    """Return what the policies and the rule book say now, and who may decide.

    `renews` is the grant that would be extended: it does not stand in its own way. `sight` is
    the live cluster, `ground` what the wish stands on, where that was read already. `reason` and
    `ticket` None are not judged: they are not asked for here. `known` is what the rule book is
    judged with, as far as it was read already.
    """
    wish = Wish(subject, tuple(destinations), as_duration(duration_days))
    live = sight.findings(cluster, wish)
    findings = policy.findings_for(cluster, wish, renews=renews, posture=live, ground=ground)
    outcome = outcome_of(cluster, wish, requester, findings, reason, ticket, known)
    findings = (*findings, *outcome.findings)
    stages = stages_for(findings, outcome.stages)
    asked_by = [requester.pk] if requester else []
    asked_by += [renews.request.requester_id] if renews else []
    wanted = Wanted(
        cluster.pk,
        subject.namespace,
        risk_of(finding for finding in findings if finding.level is not Level.BLOCK),
        wish.destinations,
        frozenset(asked_by),
    )
    voices = tuple(people.voices_for(wanted, stages))
    missing = missing_in(stages, filled_by(stages, voices))
    # Who may decide depends on the hosts: without any nobody is missing yet.
    if missing and wish.destinations:
        findings = (*findings, _nobody_can_approve(cluster, subject, stages, voices, missing))
    return Assessment(findings, stages, voices, frozenset(live), outcome)


def _nobody_can_approve(
    cluster: Cluster,
    subject: Subject,
    stages: Sequence[Stage],
    voices: Sequence[Voice],
    missing: Iterable[Stage],
) -> Finding:
    """Return the finding that names each stage which cannot be filled, and who could be in it."""
    said = []
    places = {(stage.name, stage.team): place for place, stage in enumerate(stages)}
    for stage in missing:
        place = places[stage.name, stage.team]
        names = listed([voice.person for voice in voices if place in voice.stages])
        whose = f" of team {quoted(stage.team)}" if stage.team else ""
        who = f"only {names}{whose}" if names else f"nobody else{whose}"
        step = f" in stage {quoted(stage.name)}" if len(stages) > 1 else ""
        more = f"{stage.approvals} more approver{'s are' if stage.approvals > 1 else ' is'} needed"
        said.append(f"{who} may decide{step}, and {more}")
    once = ". Nobody counts for two stages" if len(stages) > 1 else ""
    return Finding(
        reason="NobodyCanApprove",
        message=(
            f"For namespace {quoted(subject.namespace)} of cluster {quoted(cluster.name)} "
            f"{'; '.join(said)}{once}. Ask an admin to name one."
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
