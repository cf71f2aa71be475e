"""Requests and grants of a year and a half, as they would stand now."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from egress.domain.access import Protocol
from egress.domain.lifecycle import LIVE_GRANT_STATUSES, GrantStatus, RequestStatus, Verdict
from egress.management.seeding.bulk import continue_numbering, next_key, store
from egress.management.seeding.company import Company, Home
from egress.models import Approval, Comment, Grant, Person, Request, RequestDestination, Risk
from egress.selectors.bindings import binding_of, decision_digest_of

DAYS = 540
PENDING_SHARE, REFUSED_SHARE = 0.1, 0.15
PORTS = ((443, Protocol.TLS), (443, Protocol.TLS), (443, Protocol.TLS), (5432, Protocol.TCP))
DURATIONS = (30, 90, 180, 365, None)
WORDS = ("api", "data", "files", "login", "push", "feeds", "rates", "cdn", "mail", "events")
REASONS = ("Card payments", "Exchange rates", "Address checks", "Parcel labels", "Fraud scores")
SAID = {
    Risk.CLEAR: "",
    Risk.INFO: "Another team reaches this host, too.",
    Risk.WARN: "Nobody asked for this host before.",
    Risk.REVIEW: "Whoever reaches this port may send anything.",
}


@dataclass
class Asked:
    """A request as the trail tells of it, with its grants."""

    request: Request
    requester: str
    home: Home
    grants: list[Grant]


class History:
    """Makes requests one after the other, oldest first; no two live grants are the same."""

    def __init__(
        self, rng: random.Random, company: Company, *, requests: int, grants: int, now: datetime
    ) -> None:
        self._rng, self._company, self._now = rng, company, now
        self._count, self._grants = requests, grants
        self._live: set[tuple[object, ...]] = set()
        self._keys: dict[type[Model], int] = {
            kind: next_key(kind) for kind in (Request, RequestDestination, Grant, Approval, Comment)
        }
        self._hosts = max(40, grants // 12)

    def make(self) -> list[Asked]:
        """Store everything and return it, oldest first."""
        statuses = self._statuses()
        approved, made = 0, []
        total = statuses.count(RequestStatus.APPROVED)
        destinations: list[RequestDestination] = []
        for rank, status in enumerate(statuses):
            count = self._rng.randint(1, 4)
            if status == RequestStatus.APPROVED:
                count = self._share(approved, total)
                approved += 1
            asked, its = self._request(rank, status, count)
            made.append(asked)
            destinations += its
        store(Request, (asked.request for asked in made))
        store(RequestDestination, destinations)
        store(Grant, (grant for asked in made for grant in asked.grants))
        store(Approval, list(self._approvals(made)))
        store(Comment, self._comments(made))
        continue_numbering(self._keys)
        return made

    def _share(self, number: int, total: int) -> int:
        """Return how many grants come of the approved request `number`: all of them together."""
        return self._grants * (number + 1) // total - self._grants * number // total

    def _statuses(self) -> list[RequestStatus]:
        """Return the status of every request; those that wait are the latest."""
        pending, refused = int(self._count * PENDING_SHARE), int(self._count * REFUSED_SHARE)
        others = (RequestStatus.DENIED, RequestStatus.WITHDRAWN, RequestStatus.LAPSED)
        decided = [others[number % 3] for number in range(refused)]
        decided += [RequestStatus.APPROVED] * (self._count - pending - refused)
        self._rng.shuffle(decided)
        return decided + [RequestStatus.PENDING] * pending

    def _next(self, kind: type[Model]) -> int:
        key = self._keys[kind]
        self._keys[kind] = key + 1
        return key

    def _request(
        self, rank: int, status: RequestStatus, count: int
    ) -> tuple[Asked, list[RequestDestination]]:
        rng = self._rng
        (home,) = rng.choices(self._company.homes, self._company.busy)
        requester: Person = rng.choice(home.people)
        is_pending = status == RequestStatus.PENDING
        # Those that wait came in within the last days: older ones have lapsed.
        age = 9 * (1 - rank / self._count) / PENDING_SHARE if is_pending else self._age(rank)
        created = self._now - timedelta(days=age)
        account = rng.choice(("", "", *home.accounts))
        request = Request(
            pk=self._next(Request),
            cluster=home.cluster,
            requester=requester,
            namespace=home.row.name,
            namespace_uid=home.row.uid,
            service_account=account,
            service_account_uid=home.accounts.get(account, ""),
            reason=f"{rng.choice(REASONS)} of {home.row.name} go through it.",
            duration_days=rng.choice(DURATIONS),
            created_at=created,
            lapses_at=created + timedelta(days=14),
            status=status,
            **self._said(rank),
        )
        if not is_pending:
            request.decided_at = created + timedelta(minutes=rng.randint(3, 3000))
            request.decided_by = rng.choice(self._company.approvers)
        destinations = self._destinations(request, home, count)
        if status in (RequestStatus.APPROVED, RequestStatus.DENIED):
            request.decision_digest = decision_digest_of(request)
        asked = Asked(request, requester.username, home, [])
        if status == RequestStatus.APPROVED:
            asked.grants = [self._grant(request, wanted) for wanted in destinations]
        return asked, destinations

    def _said(self, rank: int) -> dict[str, Any]:
        """Return what the policies said of a request, one after the other up to a review."""
        risk = Risk(rank % Risk.BLOCK)
        level = {"reason": "Seeded", "message": SAID[risk], "level": risk.label, "field": ""}
        return {"findings": [level] if risk else [], "risk": risk}

    def _age(self, rank: int) -> float:
        """Return the age in days: more was asked for lately than long ago."""
        return 3 + DAYS * float((1 - rank / self._count) ** 1.5)

    def _destinations(self, request: Request, home: Home, count: int) -> list[RequestDestination]:
        said = {RequestStatus.APPROVED: Verdict.APPROVED, RequestStatus.DENIED: Verdict.DENIED}
        hosts: dict[str, None] = {}
        while len(hosts) < count:
            hosts[self._host()] = None
        made = []
        for position, host in enumerate(hosts):
            port, protocol = self._rng.choice(PORTS)
            made.append(
                RequestDestination(
                    pk=self._next(RequestDestination),
                    request=request,
                    position=position,
                    host=host,
                    port=port,
                    protocol=protocol,
                    verdict=said.get(RequestStatus(request.status), ""),
                )
            )
        request._prefetched_objects_cache = {"destinations": made}  # type: ignore[attr-defined]
        return made

    def _host(self) -> str:
        """Return a host: every fifth time one that many ask for."""
        rng = self._rng
        number = rng.randrange(30) if rng.random() < 0.2 else rng.randrange(self._hosts)
        return f"{WORDS[number % len(WORDS)]}-{number}.example{number % 7}.com"

    def _grant(self, request: Request, wanted: RequestDestination) -> Grant:
        born = request.decided_at or self._now
        grant = Grant(
            pk=self._next(Grant),
            cluster=request.cluster,
            request=request,
            namespace=request.namespace,
            namespace_uid=request.namespace_uid,
            service_account=request.service_account,
            service_account_uid=request.service_account_uid,
            host=wanted.host,
            port=wanted.port,
            protocol=wanted.protocol,
            duration_days=request.duration_days,
            granted_by=request.decided_by,
            created_at=born,
            **self._standing(request, wanted, born),
        )
        grant.binding = binding_of(grant)
        return grant

    def _standing(
        self, request: Request, wanted: RequestDestination, born: datetime
    ) -> dict[str, Any]:
        """Return how a grant stands now: by its age, and by chance."""
        chance, since = self._rng.random(), born + timedelta(seconds=self._rng.randint(5, 90))
        days = request.duration_days
        ends = since + timedelta(days=days) if days else None
        ended_by, status = "", GrantStatus.ACTIVE
        if ends and ends <= self._now:
            status, over = GrantStatus.EXPIRED, ends
        else:
            over = since + (self._now - since) * self._rng.random()
            status = self._chosen(chance, ends)
        where = (request.cluster_id, request.namespace, request.service_account)
        same = (*where, wanted.host, wanted.port)
        if status in LIVE_GRANT_STATUSES and same in self._live:
            status = GrantStatus.REVOKED
        if status in LIVE_GRANT_STATUSES:
            self._live.add(same)
        if status == GrantStatus.PENDING:
            return {"status": status}
        times: dict[str, Any] = {"active_at": since, "applied_at": since, "expires_at": ends}
        if status not in LIVE_GRANT_STATUSES:
            ended_by = request.decided_by if status == GrantStatus.REVOKED else "sweep"
            gone = over + timedelta(seconds=20)
            times |= {"ended_at": over, "ended_by": ended_by, "confirmed_at": gone}
        elif chance > 0.997:
            times |= {"failed_reason": "Forbidden", "failed_message": "The server refused it."}
        elif chance > 0.994:
            times |= {"drifted_at": self._now - timedelta(minutes=5)}
        return {"status": status, **times}

    def _chosen(self, chance: float, ends: datetime | None) -> GrantStatus:
        if chance < 0.1:
            return GrantStatus.REVOKED
        if chance < 0.11:
            return GrantStatus.SUSPENDED
        if chance < 0.112:
            return GrantStatus.PENDING
        soon = ends is not None and ends - self._now < timedelta(days=7)
        return GrantStatus.EXPIRING if soon else GrantStatus.ACTIVE

    def _approvals(self, made: list[Asked]) -> Iterator[Approval]:
        approvers = dict(
            Person.objects.filter(username__in=self._company.approvers).values_list(
                "username", "pk"
            )
        )
        for asked in made:
            request = asked.request
            if request.status == RequestStatus.APPROVED:
                yield Approval(
                    pk=self._next(Approval),
                    request=request,
                    approver_id=approvers[request.decided_by],
                    revision=1,
                    verdicts={str(n): Verdict.APPROVED for n in range(len(asked.grants))},
                    duration_days=request.duration_days,
                    digest=request.decision_digest,
                    given_at=request.decided_at or self._now,
                )

    def _comments(self, made: list[Asked]) -> Iterator[Comment]:
        for asked in made[::7]:
            yield Comment(
                pk=self._next(Comment),
                request=asked.request,
                author=asked.request.requester,
                text="Which of these hosts do you need first?",
                written_at=asked.request.created_at + timedelta(minutes=2),
            )
