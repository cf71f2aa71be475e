"""The stages of a pending request as they stand: who said yes, who is missing, who could."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from egress.domain.authority import Stage, Voice, filled_by
from egress.domain.lifecycle import Verdict
from egress.models import Approval, Request
from egress.selectors.requests import approvals_in_force
from egress.services.requests.assessment import assess, live_findings
from egress.services.requests.sights import Sight


@dataclass(frozen=True)
class StageNow:
    """One step of approval: who said yes, how many are missing, and who else could say it."""

    stage: Stage
    said: list[Approval]
    could: list[str]

    @property
    def name(self) -> str:
        """What the step is called."""
        return self.stage.name

    @property
    def team(self) -> str:
        """The team whose members fill it, empty for any approver."""
        return self.stage.team

    @property
    def approvals(self) -> int:
        """How many people it takes."""
        return self.stage.approvals

    @property
    def approved_by(self) -> list[str]:
        """The sign-in names of those who said yes."""
        return [row.approver.username for row in self.said]

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return self.stage.approvals - len(self.said)


def stages_now(
    stages: Sequence[Stage], voices: Sequence[Voice], given: Sequence[Approval]
) -> list[StageNow]:
    """Return the stages as they stand, by the rights of this moment.

    `voices` are those who may approve all of the request, `given` the approvals in force. Those on
    other terms than the latest do not count. One that trims destinations may be of somebody who
    could not approve all: it stands where it was counted.
    """
    rights = {voice.person: voice for voice in voices}
    same = [row for row in given if row.digest == given[-1].digest]
    heard = [voice for row in same if (voice := _voice(row, rights, stages))]
    rows = {row.approver.username: row for row in same}
    shown = []
    for place, counted in enumerate(filled_by(stages, heard)):
        said = [rows[voice.person] for voice in counted]
        could = [
            voice.person for voice in voices if place in voice.stages and voice.person not in rows
        ]
        shown.append(StageNow(stages[place], said, could))
    return shown


def _voice(row: Approval, rights: Mapping[str, Voice], stages: Sequence[Stage]) -> Voice | None:
    name = row.approver.username
    if name in rights or set(row.verdicts.values()) == {Verdict.APPROVED}:
        return rights.get(name)
    places = frozenset(place for place, one in enumerate(stages) if one.name == row.stage)
    return Voice(name, name, places)


def stages_of_pending(request: Request) -> list[StageNow]:
    """Return the stages of a stored request as they stand; none of one that is decided.

    What the cluster said when it was asked for is taken to be so still.
    """
    if not request.is_pending:
        return []
    assessment = assess(
        cluster=request.cluster,
        subject=request.subject,
        destinations=[row.destination for row in request.destinations.all()],
        duration_days=request.duration_days,
        requester=request.requester,
        sight=Sight(told=live_findings(request.findings)),
        renews=request.renews,
    )
    return stages_now(assessment.stages, assessment.voices, approvals_in_force(request))
