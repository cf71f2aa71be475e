"""What an approver ticked and typed: a verdict per destination, a duration, a note."""

from dataclasses import dataclass
from types import EllipsisType

from django.http import QueryDict

from egress.domain.lifecycle import Verdict
from egress.models import Approval, Request
from egress.services import requests as service
from egress.services.actor import Actor
from egress.services.errors import Refused
from egress.web.forms.request import NO_END
from egress.web.request_form import DURATIONS

AS_ASKED = "as-asked"
APPROVE, DENY = "approve", "deny"


@dataclass(frozen=True)
class TypedDecision:
    """One decision as typed. `ticked` are the positions to approve, `revision` the one seen."""

    verdict: str
    revision: int
    ticked: frozenset[int]
    note: str = ""
    duration: str = AS_ASKED

    @classmethod
    def of_form(cls, data: QueryDict) -> "TypedDecision":
        """Return what the form contains; a revision that is no number matches none."""
        return cls(
            verdict=data.get("verdict", ""),
            revision=_number(data.get("revision", "")),
            ticked=frozenset(_number(text) for text in data.getlist("approve")),
            note=data.get("note", ""),
            duration=data.get("duration", AS_ASKED),
        )

    @classmethod
    def to_begin_with(cls, request: Request, given: list[Approval]) -> "TypedDecision":
        """Return the form before anybody touched it: all as asked, or as the first approver said.

        The second approver has to say the same as the first, so that stands there already.
        """
        if not given:
            positions = frozenset(row.position for row in request.destinations.all())
            return cls("", request.revision, positions)
        first = given[0]
        ticked = frozenset(
            int(position) for position, said in first.verdicts.items() if said == Verdict.APPROVED
        )
        same = first.duration_days == request.duration_days
        return cls("", request.revision, ticked, "", AS_ASKED if same else _days(first))

    @property
    def is_denial(self) -> bool:
        """Whether everything is denied."""
        return self.verdict == DENY

    def carry_out(self, request: Request, actor: Actor) -> Request:
        """Decide the request like this and return it as it is then.

        Raises Refused for a denial without a note and for an approval of nothing, and what
        `services.requests.decide` raises.
        """
        rows = list(request.destinations.all())
        approved = frozenset() if self.is_denial else self.ticked
        self._require_sense(approved, {row.position for row in rows})
        return service.decide(
            request=request,
            actor=actor,
            revision=self.revision,
            verdicts={
                row.position: Verdict.APPROVED if row.position in approved else Verdict.DENIED
                for row in rows
            },
            note=self.note,
            duration_days=self._duration(),
        )

    def _require_sense(self, approved: frozenset[int], positions: set[int]) -> None:
        if self.verdict not in (APPROVE, DENY):
            _refuse("verdict", "Choose whether to approve or to deny.")
        if self.is_denial and not self.note.strip():
            _refuse("note", "Say why you deny this: the person who asked reads it.")
        if not self.is_denial and not approved & positions:
            _refuse("approve", "Tick at least one destination to approve, or deny the request.")

    def _duration(self) -> int | EllipsisType | None:
        if self.is_denial or self.duration == AS_ASKED:
            return ...
        return None if self.duration == NO_END else _number(self.duration)


def shorter_durations(request: Request) -> list[tuple[str, str]]:
    """Return the durations an approver may choose: what is asked, and anything shorter."""
    asked = request.duration_days
    words = "no end date" if asked is None else _words(asked)
    shorter = [days for days in DURATIONS if asked is None or days < asked]
    return [(AS_ASKED, f"As asked: {words}"), *((str(days), _words(days)) for days in shorter)]


def _words(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def _days(approval: Approval) -> str:
    return NO_END if approval.duration_days is None else str(approval.duration_days)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1


def _refuse(field: str, sentence: str) -> None:
    raise Refused(sentence, reason="DecisionIncomplete", fields={field: [sentence]})
