"""What the page of one request shows: verdicts with findings, the change, how to decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from egress.models import Approval, Request, RequestDestination
from egress.models.standing import Standing
from egress.rules import why_may_decide
from egress.selectors.neighbours import Neighbours, neighbours_of
from egress.selectors.requests import approvals_in_force
from egress.selectors.rule_book import carried_by
from egress.services.actor import Actor
from egress.services.requests import Preview, StageNow, live_findings, preview, stages_now
from egress.web.forms.decision import TypedDecision, shorter_durations
from egress.web.forms.request import TypedRequest
from egress.web.records.foreign import adoption_of
from egress.web.ways import way_of


@dataclass(frozen=True)
class ShownFinding:
    """A finding, with the destination it is about unless its message names that anyway."""

    level: str
    message: str
    reason: str = ""
    place: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """One destination of a request, and whether it is ticked in the form to decide with."""

    row: RequestDestination
    is_ticked: bool


@dataclass(frozen=True)
class DecisionView:
    """The form to decide with, and whether this person may use it."""

    may: bool
    why: str
    typed: TypedDecision
    given: list[Approval]
    needed: int
    stages: list[StageNow]
    durations: list[tuple[str, str]]
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    conflict: str = ""

    @property
    def said(self) -> list[str]:
        """Return everything that is wrong with what was typed."""
        return [sentence for sentences in self.errors.values() for sentence in sentences]


def preview_of(
    request: Request, asker: Standing, neighbours: Neighbours, reader: Standing
) -> Preview:
    """Return what the pending request would change now, judged as for the person who asked.

    `asker` is their standing. What the cluster said when it was asked for is said again, as
    reading it would take too long.
    """
    typed = TypedRequest.of_request(request)
    return preview(
        draft=typed.draft(),
        actor=Actor.of(request.requester, "web"),
        renews=request.renews,
        live=live_findings(request.findings),
        standing=asker,
        neighbours=neighbours,
        reader=reader,
        book=carried_by(request),
    )


def findings_of(request: Request, seen: Preview) -> list[ShownFinding]:
    """Return the findings as of now for a pending request, as of its last edit for others."""
    hosts = [row.host for row in request.destinations.all()]
    if request.is_pending and seen.findings:
        return [
            ShownFinding(
                str(f.level), f.message, f.reason, place_of(f.field, f.message, hosts), f.codes
            )
            for f in seen.findings
        ]
    return [_stored_finding(stored, hosts) for stored in request.findings]


def _stored_finding(stored: Mapping[str, object], hosts: list[str]) -> ShownFinding:
    message = str(stored.get("message", ""))
    return ShownFinding(
        level=str(stored.get("level", "info")),
        message=message,
        reason=str(stored.get("reason", "")),
        place=place_of(str(stored.get("field", "")), message, hosts),
        codes=tuple(cast("list[str]", stored.get("codes", []))),
    )


def place_of(path: str, message: str, hosts: list[str]) -> str:
    """Return the host that the field at `path` is about, empty when the message says it."""
    head, _, rest = path.partition(".")
    number = rest.partition(".")[0]
    if head != "destinations" or not (number.isascii() and number.isdigit()):
        return ""
    host = hosts[int(number)] if int(number) < len(hosts) else ""
    return "" if host in message else host


def asked_of(request: Request, typed: TypedDecision) -> list[Asked]:
    """Return the destinations of the request, ticked as the form says."""
    return [Asked(row, row.position in typed.ticked) for row in request.destinations.all()]


def decision_view(
    request: Request,
    standing: Standing,
    *,
    seen: Preview,
    typed: TypedDecision | None = None,
    errors: Mapping[str, list[str]] | None = None,
    conflict: str = "",
) -> DecisionView:
    """Return the decision form; after a conflict it starts again from the present state."""
    stages = seen.stages if request.is_pending else ()
    may, why = why_may_decide(standing, request, stages)
    given = approvals_in_force(request) if request.is_pending else []
    fresh = TypedDecision.to_begin_with(request, given)
    return DecisionView(
        may=may and request.is_pending,
        why=why,
        typed=fresh if typed is None or conflict else typed,
        given=given,
        needed=seen.approvals_needed,
        stages=stages_now(seen.stages, seen.voices, given),
        durations=shorter_durations(request),
        errors=errors or {},
        conflict=conflict,
    )


def page_of(
    request: Request,
    standing: Standing,
    asker: Standing,
    *,
    typed: TypedDecision | None = None,
    errors: Mapping[str, list[str]] | None = None,
    conflict: str = "",
) -> dict[str, object]:
    """Return what the page of a request and an open row of the queue both show.

    `asker` is the standing of who made the request. One that is decided would change nothing any
    more.
    """
    seen, way = Preview(), None
    if request.is_pending:
        hosts = [row.host for row in request.destinations.all()]
        neighbours = neighbours_of(request.cluster, request.namespace, hosts)
        seen = preview_of(request, asker, neighbours, standing)
        present = neighbours.namespaces.get(request.namespace)
        way = way_of(present) if present else None
    findings = findings_of(request, seen)
    decision = decision_view(
        request,
        standing,
        seen=seen,
        typed=typed,
        errors=errors,
        conflict=conflict,
    )
    return {
        "row": request,
        "way": way,
        "preview": seen,
        "findings": findings,
        "asked": asked_of(request, decision.typed),
        "decision": decision,
        "adoption": adoption_of(request),
        "clone": TypedRequest.of_request(request).query(),
    }
