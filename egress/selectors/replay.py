"""Replay: what a rule book would have decided over past requests, against what was decided.

It judges with the findings that were stored when somebody asked, and with the teams of today: the
owners of namespaces and the teams of people are not kept for the past. A request that was approved
for a shorter time is judged by that time. Nobody approved what a rule did or break-glass opened.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Prefetch, QuerySet

from egress.domain.authority import (
    Stage,
    Voice,
    approvals_in,
    filled_by,
    missing_in,
    stages_for,
)
from egress.domain.lifecycle import RequestStatus
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import (
    Automatic,
    Book,
    Facts,
    Outcome,
    is_decider,
    judge,
    of_policies,
)
from egress.models import Approval, Namespace, Request
from egress.selectors.rule_book import Catalogue, catalogue_now, offers_of

MOST_REQUESTS = 1000
MOST_DAYS = 90
MOST_SHOWN = 100
SECONDS = 5.0
_PAGE = 500
APPROVE, DENY, REFUSE = "approve automatically", "deny", "refuse"
PEOPLE, UNCHANGED = "people would decide", "unchanged"


@dataclass(frozen=True)
class Replayed:
    """One past request: what happened, and what the rule book would have done.

    `would` is `approve automatically`, `deny`, `refuse`, `needs N` people, `people would decide`
    what a rule decided, or `unchanged`: people would decide, as they did.
    """

    request: int
    subject: str
    hosts: tuple[str, ...]
    decided: str
    decided_by: str
    would: str
    rule: str
    differs: bool
    why: tuple[str, ...] = ()


@dataclass
class Replay:
    """The sum over all, and the requests of which something is to tell, differences first.

    `counts` maps what would have happened to how often, `differences` how often that is not what
    people decided. `stopped` tells that not all could be looked at in time.
    """

    looked_at: int = 0
    differences: int = 0
    stopped: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[Replayed] = field(default_factory=list)

    @property
    def tally(self) -> list[tuple[str, int]]:
        """Return the counts for a template, which would take a counter's methods for words."""
        return self.counts.most_common()


def replay(
    book: Book,
    *,
    now: datetime,
    most: int = MOST_REQUESTS,
    days: int = MOST_DAYS,
    seconds: float = SECONDS,
) -> Replay:
    """Return what `book` would have decided over the latest decided requests.

    Looks at `most` of them and at `days` days at most, for at most `seconds`, and keeps MOST_SHOWN
    rows. Writes nothing.
    """
    until, found = time.monotonic() + seconds, Replay()
    offers = offers_of(catalogue_now(book.catalogue))
    different: list[Replayed] = []
    other: list[Replayed] = []
    for request, owners in _requests(book, now - timedelta(days=days), most):
        if found.looked_at and time.monotonic() > until:
            found.stopped = True
            break
        row = _replayed(book, request, _facts(book, request, owners, offers))
        found.looked_at += 1
        found.counts[row.would] += 1
        found.differences += row.differs
        rows = different if row.differs else other
        if len(rows) < MOST_SHOWN and (row.differs or row.would != UNCHANGED):
            rows.append(row)
    found.rows = [*different, *other][:MOST_SHOWN]
    return found


def _requests(
    book: Book, since: datetime, most: int
) -> Iterator[tuple[Request, dict[tuple[int, str], str]]]:
    """Yield each request with the owners of the namespaces around it."""
    for page in _pages(_decided(book), since, most):
        owners = _owners(page) if book.looks_at_owners else {}
        for request in page:
            yield request, owners


def _pages(asked: QuerySet[Request], since: datetime, most: int) -> Iterator[list[Request]]:
    last, left = None, most
    while left > 0:
        rows = asked.filter(created_at__gte=since)
        if last is not None:
            rows = rows.filter(pk__lt=last)
        page = list(rows[: min(_PAGE, left)])
        if not page:
            return
        yield page
        last, left = page[-1].pk, left - len(page)
        if len(page) < _PAGE:
            return


def _decided(book: Book) -> QuerySet[Request]:
    names = Group.objects.only("name")
    beside: list[Prefetch[str, QuerySet[Any], str]] = []
    if book.looks_at_requesters:
        beside.append(Prefetch("requester__groups", names))
    if book.demands_people:
        said_yes = Approval.objects.filter(cleared_at__isnull=True)
        approvals = said_yes.select_related("approver", "lender").order_by("given_at", "pk")
        beside += [
            Prefetch("approvals", approvals, to_attr="given"),
            Prefetch("given__approver__groups", names),
            Prefetch("stages"),
        ]
    return (
        Request.objects.filter(status__in=[RequestStatus.APPROVED, RequestStatus.DENIED])
        .select_related("cluster", "requester")
        .prefetch_related("destinations", *beside)
        .order_by("-pk")
    )


def _owners(page: list[Request]) -> dict[tuple[int, str], str]:
    uids = {request.namespace_uid for request in page}
    rows = Namespace.objects.filter(uid__in=uids).select_related("owner")
    return {(row.cluster_id, row.uid): row.owner_name for row in rows}


def _facts(
    book: Book, request: Request, owners: dict[tuple[int, str], str], offers: Catalogue
) -> Facts:
    groups = request.requester.groups.all() if book.looks_at_requesters else ()
    return Facts(
        cluster=request.cluster.name,
        wish=request.wish(),
        findings=_stored(request),
        owner=owners.get((request.cluster_id, request.namespace_uid), ""),
        requester_teams=frozenset(group.name for group in groups),
        reason=request.reason,
        ticket=None if request.adopts_digest else request.ticket,
        catalogue=offers,
    )


def _stored(request: Request) -> tuple[Finding, ...]:
    return of_policies(
        tuple(
            Finding(one["reason"], one["message"], Level(one["level"]), one.get("field", ""))
            for one in request.findings
        )
    )


def _replayed(book: Book, request: Request, facts: Facts) -> Replayed:
    outcome = judge(book, facts)
    if request.adopts_digest and outcome.automatic is Automatic.APPROVE:
        outcome = Outcome()
    stages = stages_for(facts.findings, outcome.stages) if outcome.stages else ()
    by_rule = is_decider(request.decided_by)
    would = _would(outcome, stages, by_rule=by_rule)
    return Replayed(
        request=request.pk,
        subject=str(request.subject),
        hosts=tuple(f"{row.host}:{row.port}" for row in request.destinations.all()),
        decided=request.status,
        decided_by=request.decided_by,
        would=would,
        rule=outcome.rule,
        differs=_differs(would, stages, request, by_rule=by_rule),
        why=tuple(finding.message for finding in outcome.findings),
    )


def _would(outcome: Outcome, stages: tuple[Stage, ...], *, by_rule: bool) -> str:
    if outcome.automatic is Automatic.DENY:
        return DENY
    if any(finding.level is Level.BLOCK for finding in outcome.findings):
        return REFUSE
    if outcome.automatic is Automatic.APPROVE:
        return APPROVE
    if stages:
        return f"needs {approvals_in(stages)}"
    return PEOPLE if by_rule else UNCHANGED


def _differs(would: str, stages: tuple[Stage, ...], request: Request, *, by_rule: bool) -> bool:
    if request.status == RequestStatus.DENIED:
        return would == APPROVE or (by_rule and would not in (DENY, REFUSE))
    return would in (DENY, REFUSE, PEOPLE) or bool(missing_in(stages, _filled(request, stages)))


def _filled(request: Request, stages: tuple[Stage, ...]) -> tuple[tuple[Voice, ...], ...]:
    """Return who of those that approved would fill the stages.

    For a team speak its people of today, and whoever was counted for it then.
    """
    if not stages:
        return ()
    then = {row.name: row.team for row in request.stages.all()}
    given: list[Approval] = request.given  # type: ignore[attr-defined]
    voices = []
    for row in given:
        teams = {"", then.get(row.stage, ""), *(team.name for team in row.approver.groups.all())}
        places = frozenset(place for place, stage in enumerate(stages) if stage.team in teams)
        lender = row.lender or row.approver
        voices.append(Voice(row.approver.username, lender.username, places))
    return filled_by(stages, voices)
