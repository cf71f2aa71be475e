"""Random lives of requests and grants, beside a small model that says what must come of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from egress.domain.lifecycle import (
    GRANT_MOVES,
    REQUEST_MOVES,
    GrantStatus,
    RequestStatus,
    Verdict,
)
from egress.models import AuditEvent, Grant, Namespace, Person, Request, Slice
from egress.selectors.bindings import is_bound
from egress.selectors.policy import open_accesses
from egress.services import audit, grants, requests
from egress.services.actor import Actor
from egress.services.errors import ServiceError
from tests import factories as make
from tests.tries import tries

YES, NO = Verdict.APPROVED, Verdict.DENIED
HOSTS = ("a.example.com", "b.example.com", "c.example.com", "d.example.com")
TEAM = ("owner", "mate")
APPROVERS = ("mate", "alice")
WEIGHTS = {
    "submit": 6,
    "decide": 8,
    "edit": 1,
    "withdraw": 1,
    "activate": 4,
    "renew": 3,
    "revoke": 2,
    "suspend": 1,
    "resume": 2,
    "remind": 1,
    "expire": 1,
    "lapse": 1,
    "remake": 1,
    "leave": 1,
}
WHO = ["owner", "owner", "mate", "mate", "mate", "alice", "alice", "stranger", "adam"]
STEPS_OF_A_LIFE = 60


@dataclass
class Life:
    """One random life: the people, and what the statuses were before the last step."""

    people: dict[str, Person]
    namespace: Namespace
    seen_requests: dict[int, str] = field(default_factory=dict)
    seen_grants: dict[int, str] = field(default_factory=dict)
    wanted: int = 0

    def who(self, number: int) -> Person:
        return self.people[WHO[number % len(WHO)]]

    def request(self, number: int) -> Request | None:
        # The newest: the older they are, the less can happen to them.
        rows = list(Request.objects.order_by("-pk")[:4])
        return rows[number % len(rows)] if rows else None

    def grant(self, number: int) -> Grant | None:
        rows = list(Grant.objects.order_by("-pk")[:4])
        return rows[number % len(rows)] if rows else None


def submit(life: Life, a: int, b: int, flag: bool) -> bool | None:
    who, hosts = life.who(a), HOSTS if b % 5 == 0 else HOSTS[b % 4 :][:1]
    taken = Grant.objects.filter(ended_at__isnull=True, host__in=hosts).exists()
    others = set(APPROVERS) - {who.username}
    expected = _may_ask(life, who) and not taken and bool(others)
    requests.submit(draft=make.draft(life.namespace, *hosts), actor=make.actor(who))
    return expected


def decide(life: Life, a: int, b: int, flag: bool) -> bool | None:
    request, who = life.request(a), life.who(b)
    if request is None:
        return None
    rows = list(request.destinations.all())
    verdicts = {row.position: NO if a % 5 == row.position else YES for row in rows}
    approved = [row for row in rows if verdicts[row.position] is YES]
    expected = (
        request.is_pending
        and who.username in APPROVERS
        and request.requester != who
        and (request.renews is None or request.renews.request.requester != who)
    )
    if approved:
        renewed = request.renews
        held = Grant.objects.filter(ended_at__isnull=True, host__in=[r.host for r in approved])
        free = not held.exclude(pk=renewed.pk if renewed else None).exists()
        still = renewed is None or renewed.status in (GrantStatus.ACTIVE, GrantStatus.EXPIRING)
        expected = (
            expected
            and free
            and still
            and request.namespace_uid == life.namespace.uid
            and _may_ask(life, request.requester)
        )
    requests.decide(
        request=request,
        actor=make.actor(who),
        revision=request.revision,
        verdicts=verdicts,
        note="Because.",
    )
    return expected


def _may_ask(life: Life, who: Person) -> bool:
    return who.is_active and who.groups.filter(name="team-shop").exists()


def edit(life: Life, a: int, b: int, flag: bool) -> None:
    if request := life.request(a):
        requests.edit(
            request=request,
            draft=make.draft(life.namespace, HOSTS[b % 4]),
            actor=make.actor(request.requester if flag else life.who(b)),
            revision=request.revision,
        )


def withdraw(life: Life, a: int, b: int, flag: bool) -> None:
    if request := life.request(a):
        who = request.requester if flag else life.who(b)
        requests.withdraw(request=request, actor=make.actor(who))


def activate(life: Life, a: int, b: int, flag: bool) -> None:
    """What the worker does once a grant is in the cluster."""
    now = timezone.now()
    pending = Grant.objects.filter(status=GrantStatus.PENDING)
    ends = now + timedelta(days=b % 12)
    pending.update(status=GrantStatus.ACTIVE, active_at=now, expires_at=ends)


def renew(life: Life, a: int, b: int, flag: bool) -> None:
    if grant := life.grant(a):
        requests.renew(
            grant=grant, actor=make.actor(life.who(b)), reason="Needed.", duration_days=30
        )


def revoke(life: Life, a: int, b: int, flag: bool) -> bool | None:
    grant, who = life.grant(a), life.who(b)
    if grant is None:
        return None
    uid = Namespace.objects.get(uid=grant.namespace_uid)
    team = who.groups.filter(name=uid.owner_label).exists()
    expected = grant.is_live and (team or who.username in (*APPROVERS, "adam"))
    grants.revoke(grant=grant, actor=make.actor(who), reason="Done.")
    return expected


def suspend(life: Life, a: int, b: int, flag: bool) -> None:
    if grant := life.grant(a):
        grants.suspend(grants=[grant], reason="Gone.", actor=Actor.system("inventory"))


def resume(life: Life, a: int, b: int, flag: bool) -> None:
    if grant := life.grant(a):
        grants.resume(grant=grant, actor=make.actor(life.who(b)), reason="Ours again.")


def remind(life: Life, a: int, b: int, flag: bool) -> None:
    grants.remind_due(now=timezone.now())


def expire(life: Life, a: int, b: int, flag: bool) -> None:
    grants.expire_due(now=timezone.now() + timedelta(days=a % 6))


def lapse(life: Life, a: int, b: int, flag: bool) -> None:
    later = timezone.now() + timedelta(days=8 * (a % 3))
    requests.lapse_overdue(now=later)
    grants.lapse_unapplied(now=later)


def remake(life: Life, a: int, b: int, flag: bool) -> None:
    """The namespace is deleted and made again."""
    make.gone(life.namespace)
    life.namespace = make.namespace(life.namespace.cluster, "shop", owner="team-shop")


def leave(life: Life, a: int, b: int, flag: bool) -> None:
    """Somebody leaves the team, or comes back."""
    who, team = life.people[TEAM[a % 2]], make.team("team-shop")
    if flag:
        who.groups.add(team)
    else:
        who.groups.remove(team)


ACTS: dict[str, Callable[[Life, int, int, bool], bool | None]] = {
    "submit": submit,
    "decide": decide,
    "revoke": revoke,
    **{  # type: ignore[dict-item]
        act.__name__: act
        for act in (
            edit, withdraw, activate, renew, suspend, resume, remind, expire, lapse, remake, leave
        )
    },
}  # fmt: skip


def check(life: Life) -> None:
    """What holds after every step."""
    for request in Request.objects.all():
        before = life.seen_requests.get(request.pk, RequestStatus.PENDING)
        assert request.status == before or request.status in REQUEST_MOVES[RequestStatus(before)]
        life.seen_requests[request.pk] = request.status
    created_or_ended = False
    for grant in Grant.objects.select_related("request__requester", "cluster"):
        before = life.seen_grants.get(grant.pk, "")
        if before:
            moves = GRANT_MOVES[GrantStatus(before)]
            assert grant.status == before or grant.status in moves
            created_or_ended |= bool(grant.status != before and not grant.is_live)
        else:
            created_or_ended = True
        life.seen_grants[grant.pk] = grant.status
        assert is_bound(grant)
        assert grant.granted_by != grant.request.requester.username
    assert len(open_accesses(life.namespace.cluster)) <= len(HOSTS)
    wanted = Slice.objects.values_list("wanted", flat=True).first() or 0
    assert wanted > life.wanted or not created_or_ended, "the worker must hear of it"
    life.wanted = wanted


def finish() -> None:
    """What holds at the end of a life."""
    assert audit.verify().ok
    for request in Request.objects.all():
        ends = ["approved", "denied", "withdrawn", "lapsed"]
        own = AuditEvent.objects.filter(target="request", target_id=str(request.pk))
        decided = own.filter(tag__in=[f"request:{end}" for end in ends]).count()
        assert decided == (0 if request.is_pending else 1)
    for grant in Grant.objects.all():
        events = AuditEvent.objects.filter(target="grant", target_id=str(grant.pk))
        assert events.filter(tag="grant:created").count() == 1
        over = ["grant:revoked", "grant:expired", "grant:lapsed"]
        assert events.filter(tag__in=over).count() == (0 if grant.is_live else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(tries(3, of=8)))
def test_every_life_obeys_the_rules(seed: int) -> None:
    live(random.Random(seed))


def live(chance: random.Random) -> None:
    cluster = make.cluster()
    life = Life(
        people={
            "owner": make.person("owner", teams=["team-shop"]),
            "mate": make.approver("mate", teams=["team-shop"]),
            "alice": make.approver("alice"),
            "adam": make.admin("adam"),
            "stranger": make.person("stranger", teams=["team-payments"]),
        },
        namespace=make.namespace(cluster, "shop", owner="team-shop"),
    )
    for _ in range(STEPS_OF_A_LIFE):
        (name,) = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        _step(life, name, chance.randrange(36), chance.randrange(36), chance.random() < 0.7)
        check(life)
    finish()


def _step(life: Life, name: str, a: int, b: int, flag: bool) -> None:
    refusal: ServiceError | None = None
    expected: bool | None = None
    try:
        with transaction.atomic():
            expected = ACTS[name](life, a, b, flag)
    except ServiceError as error:
        refusal = error
    if refusal is not None:
        # Ask the model again: it must have foreseen the refusal.
        assert not _foreseen(life, name, a, b, flag), refusal
    else:
        assert expected is not False, f"{name} must not have worked"


def _foreseen(life: Life, name: str, a: int, b: int, flag: bool) -> bool:
    """Tell whether the model holds the step for allowed; only some steps are modelled."""
    if name not in ("submit", "decide", "revoke"):
        return False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "submit", lambda **_: None)
        patch.setattr(requests, "decide", lambda **_: None)
        patch.setattr(grants, "revoke", lambda **_: None)
        return bool(ACTS[name](life, a, b, flag))
