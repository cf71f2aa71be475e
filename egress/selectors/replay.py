"""Replay: what a rule book would have decided over past requests, against what was decided.

It judges with the findings that were stored when somebody asked, and with the teams of today: the
owners of namespaces and the teams of people are not kept for the past. A request that was approved
for a shorter time is judged by that time.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db.models import Count, Prefetch, Q, QuerySet

from egress.domain.authority import stages_for
from egress.domain.lifecycle import RequestStatus
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import Automatic, Book, Facts, Outcome, judge, of_policies
from egress.models import Namespace, Request
from egress.selectors.rule_book import Catalogue, catalogue_now, offers_of

MOST_REQUESTS = 1000
MOST_DAYS = 90
MOST_SHOWN = 100
SECONDS = 5.0
_PAGE = 500


@dataclass(frozen=True)
class Replayed:
    """One past request: what happened, and what the rule book would have done.

    `would` is `approve automatically`, `deny`, `refuse`, `needs N` people, or `unchanged`.
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
    asked = _decided(with_teams=book.looks_at_requesters)
    for page in _pages(asked, now - timedelta(days=days), most):
        owners = _owners(page) if book.looks_at_owners else {}
        for request in page:
            row = _replayed(book, request, _facts(book, request, owners, offers))
            found.looked_at += 1
            found.counts[row.would] += 1
            found.differences += row.differs
            rows = different if row.differs else other
            if len(rows) < MOST_SHOWN and (row.differs or row.would != "unchanged"):
                rows.append(row)
        if time.monotonic() > until:
            found.stopped = found.looked_at < most and len(page) == _PAGE
            break
    found.rows = [*different, *other][:MOST_SHOWN]
    return found


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


def _decided(*, with_teams: bool) -> QuerySet[Request]:
    given = Count("approvals", filter=Q(approvals__cleared_at__isnull=True))
    teams = [Prefetch("requester__groups", Group.objects.only("name"))] if with_teams else []
    return (
        Request.objects.filter(status__in=[RequestStatus.APPROVED, RequestStatus.DENIED])
        .select_related("cluster", "requester")
        .prefetch_related("destinations", *teams)
        .annotate(given=given)
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
    needed = sum(stage.approvals for stage in stages_for(facts.findings, outcome.stages))
    would = _would(outcome, needed)
    return Replayed(
        request=request.pk,
        subject=str(request.subject),
        hosts=tuple(f"{row.host}:{row.port}" for row in request.destinations.all()),
        decided=request.status,
        decided_by=request.decided_by,
        would=would,
        rule=outcome.rule,
        differs=_differs(outcome, would, needed, request),
        why=tuple(finding.message for finding in outcome.findings),
    )


def _would(outcome: Outcome, needed: int) -> str:
    if outcome.automatic is Automatic.DENY:
        return "deny"
    if any(finding.level is Level.BLOCK for finding in outcome.findings):
        return "refuse"
    if outcome.automatic is Automatic.APPROVE:
        return "approve automatically"
    return f"needs {needed}" if outcome.stages else "unchanged"


def _differs(outcome: Outcome, would: str, needed: int, request: Request) -> bool:
    if request.status == RequestStatus.DENIED:
        return outcome.automatic is Automatic.APPROVE
    given: int = request.given  # type: ignore[attr-defined]
    return would in ("deny", "refuse") or (bool(outcome.stages) and needed > max(given, 1))
