"""A life of requests and grants with the real services, judged after each step and each write."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus, RequestStatus, Verdict
from egress.domain.naming import base
from egress.models import DeliveryStep, Grant, Person, Request
from egress.selectors.bindings import is_bound
from egress.services import gateways, grants, requests
from egress.services.errors import ServiceError
from tests import factories as make
from tests.services.convergence.crashing import Killed, Moments, dying, watched
from tests.services.world import TEAM, World

STEPS = 50
NAMESPACES = ("shop", "data")
HOSTS = ("a.example.com", "b.example.com", "c.example.com")
USUALLY = 0.85
"""How often people do what they may; else anybody tries anything."""
PORTS = (443, 8443)
ACTS = {"submit": 8, "decide": 10, "edit": 1, "withdraw": 0.5, "deliver": 6, "crash": 4, "renew": 1,
        "revoke": 2, "expire": 1, "lapse": 0.5, "resume": 1, "account": 0.5, "remake": 0.3,
        "hand": 1, "search": 1}  # fmt: skip
Open = tuple[str, str, int]
"""A namespace, a host and a port."""


@dataclass
class Life:
    """One cluster, its people, and what hand edits opened or closed."""

    world: World
    chance: random.Random
    wrong: list[str] = field(default_factory=list)
    strange: set[Open] = field(default_factory=set)
    closed: set[Open] = field(default_factory=set)
    seen_open: set[Open] = field(default_factory=set)
    did: list[str] = field(default_factory=list)
    is_over: bool = False
    _judging: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.approvers = [make.approver(), make.approver(teams=[TEAM])]
        self.people = [self.world.requester, *self.approvers]

    def live(self) -> None:
        """Take all steps, and end with a cluster that carries exactly what is granted."""
        for _ in range(STEPS):
            (act,) = self.chance.choices(list(ACTS), list(ACTS.values()))
            self.did.append(act)
            try:
                getattr(self, act)()
            except ServiceError as refusal:
                self.did[-1] += f" ({refusal.reason})"
            self.judge(act)
            if self.wrong:
                return
        self.world.run_out()
        self.world.search()
        self.world.settle()
        missing = self.granted() - self.world_open()
        more = self.world_open() - self.granted()
        self.say("in the end", "not open although granted", missing)
        self.say("in the end", "open although nothing grants it", more)

    # --- what is looked at ------------------------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Judge after every write of the portal."""

        def around(name: str, call: Callable[[], Any]) -> Any:
            answer = call()
            if name in ("create", "update", "delete"):
                self.judge(name)
            return answer

        gateway = watched(self.world.sandbox.gateway, around)
        with mock.patch.object(gateways, "dial", return_value=gateway):
            gateways.forget_gateways()
            yield
        gateways.forget_gateways()

    def judge(self, when: str) -> None:
        """Judge what is open now, one look at a time, for deliveries write side by side."""
        with self._judging:
            self._judge(when)

    def _judge(self, when: str) -> None:
        """Trace what is open to grants, and what was in force to what still is."""
        now = self.world_open()
        self.closed |= self.seen_open & self.made_anew()
        self.closed -= now
        self.strange &= now
        leaving = _places(Grant.objects.filter(ended_at__isnull=False, confirmed_at=None))
        leaving |= _places(Grant.objects.filter(status=GrantStatus.SUSPENDED))
        more = now - self.granted() - leaving - self.strange
        self.say(when, "open although nothing grants it", more)
        applied = Grant.objects.filter(status__in=OPEN_GRANT_STATUSES, applied_at__isnull=False)
        kept = {one for one in _places(applied) if one in self.seen_open}
        self.say(when, "cut although still granted", kept - now - self.closed)
        self.seen_open = now
        for grant in Grant.objects.select_related("cluster", "request__requester"):
            if not is_bound(grant) or grant.granted_by == grant.request.requester.username:
                self.wrong.append(f"Grant {grant} has no valid decision.")

    def made_anew(self) -> set[Open]:
        """Return what entries open that a delivery deletes and makes again.

        So it takes out what another manager added to a list: apply takes out only what is its own.
        """
        steps = DeliveryStep.objects.filter(delivery__outcome="running")
        names = steps.values_list("namespace", "name")
        both = {*names.filter(action="delete")} & {*names.filter(action="create")}
        return {one for one in self.seen_open if (one[0], base(one[1])) in both}

    def say(self, when: str, what: str, places: set[Open]) -> None:
        """Note something wrong, once."""
        if places and not self.is_over:
            self.is_over = True
            steps = ", ".join(self.did[-8:])
            self.wrong.append(f"{sorted(places)[:3]} {what} at {when}, after {steps}.")

    def world_open(self) -> set[Open]:
        """Return what live entries open."""
        return {(name, *one) for name in NAMESPACES for one in self.world.hosts(name)}

    def granted(self) -> set[Open]:
        """Return what is granted now, to a subject that is still the one it was granted to."""
        found = Grant.objects.filter(status__in=OPEN_GRANT_STATUSES).order_by("pk")
        present = {name: self.world.namespace(name).uid for name in NAMESPACES}
        return {(g.namespace, g.host, g.port) for g in found
                if present[g.namespace] == g.namespace_uid}  # fmt: skip

    # --- what people do ---------------------------------------------------------------------

    def person(self) -> Person:
        """Return anybody."""
        return self.chance.choice(self.people)

    def request(self) -> Request | None:
        """Return one of the newest requests."""
        rows = list(Request.objects.order_by("-pk")[:4])
        return self.chance.choice(rows) if rows else None

    def grant(self, *statuses: str) -> Grant | None:
        """Return any grant, of some statuses when they are named."""
        rows = list(Grant.objects.filter(status__in=statuses or list(GrantStatus)).order_by("pk"))
        return self.chance.choice(rows) if rows else None

    def submit(self) -> None:
        """Ask for access."""
        draft = self._draft(self.chance.choice(NAMESPACES))
        who = self.world.requester if self._is_usual() else self.person()
        requests.submit(draft=draft, actor=make.actor(who))

    def _is_usual(self) -> bool:
        return self.chance.random() < USUALLY

    def _draft(self, name: str) -> Any:
        to = make.destination(self.chance.choice(HOSTS), self.chance.choice(PORTS), "TLS")
        return make.draft(self.world.namespace(name), to, duration_days=30)

    def decide(self) -> None:
        """Approve, or now and then deny."""
        pending = list(Request.objects.filter(status=RequestStatus.PENDING).order_by("pk"))
        is_usual = self._is_usual() and pending
        if request := self.chance.choice(pending) if is_usual else self.request():
            said = Verdict.DENIED if self.chance.random() < 0.2 else Verdict.APPROVED
            able = [one for one in self.approvers if one != request.requester]
            who = self.chance.choice(able) if is_usual else self.person()
            verdicts = {row.position: said for row in request.destinations.all()}
            requests.decide(
                request=request,
                actor=make.actor(who),
                revision=request.revision,
                verdicts=verdicts,
                note="Because.",
            )

    def edit(self) -> None:
        """Wish for something else."""
        if request := self.request():
            requests.edit(
                request=request,
                draft=self._draft(request.namespace),
                actor=make.actor(request.requester),
                revision=request.revision,
            )

    def withdraw(self) -> None:
        """Take a request back."""
        if request := self.request():
            requests.withdraw(request=request, actor=make.actor(request.requester))

    def renew(self) -> None:
        """Ask for more time."""
        if grant := self.grant(GrantStatus.ACTIVE, GrantStatus.EXPIRING):
            who = make.actor(self.person())
            requests.renew(grant=grant, actor=who, reason="Still needed.", duration_days=30)

    def revoke(self) -> None:
        """End a grant."""
        if grant := self.grant():
            grants.revoke(grant=grant, actor=make.actor(self.person()), reason="Done.")

    def resume(self) -> None:
        """Decide that a suspended grant goes on."""
        if grant := self.grant(GrantStatus.SUSPENDED):
            who = make.actor(self.chance.choice(self.approvers))
            grants.resume(grant=grant, actor=who, reason="Ours again.")

    # --- what time, the cluster and other people do --------------------------------------------

    def expire(self) -> None:
        """Let the time of one grant be over."""
        if grant := self.grant(GrantStatus.ACTIVE, GrantStatus.EXPIRING):
            Grant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
            grants.expire_due(now=timezone.now() + timedelta(seconds=1))

    def lapse(self) -> None:
        """Let a grant wait for too long."""
        if grant := self.grant(GrantStatus.PENDING):
            past = timezone.now() - timedelta(days=8)
            Grant.objects.filter(pk=grant.pk).update(created_at=past)
            grants.lapse_unapplied(now=timezone.now())

    def account(self) -> None:
        """Let a service account be deleted and made again."""
        name = self.chance.choice(NAMESPACES)
        self.world.sandbox.remove(_named("ServiceAccount", "web", name))
        self.world.sync()
        self.world.sandbox.account(name, "web")
        self.world.sync()

    def remake(self) -> None:
        """Let a namespace be deleted, with all that is in it, and made again."""
        name = self.chance.choice(NAMESPACES)
        self.world.sandbox.remove(_named("Namespace", name))
        self.closed |= {one for one in self.seen_open if one[0] == name}
        labels = {"istio-injection": "enabled", "egress-portal.io/owner": TEAM}
        self.world.sandbox.namespace(name, labels)
        self.world.sandbox.account(name, "web")
        self.world.sync()
        self.world.sync()

    def hand(self) -> None:
        """Let somebody delete an entry of ours, or open another port in it."""
        name = self.chance.choice(NAMESPACES)
        found = self.world.sandbox.gateway.list(kinds.SERVICE_ENTRY, name).items
        if not found:
            return
        entry, before = self.chance.choice(found), self.world_open()
        if self.chance.random() < 0.5:
            self.world.sandbox.remove(entry)
        else:
            number = 9000 + len(self.did)
            port = {"number": number, "name": f"tls-{number}", "protocol": "TLS"}
            self.world.sandbox.patch(entry, {"spec": {"ports": [*entry["spec"]["ports"], port]}})
        self.closed |= before - self.world_open()
        self.strange |= self.world_open() - before

    def deliver(self) -> None:
        """Let a worker work off what is due."""
        self.world.run_out()
        self.world.converge()

    def search(self) -> None:
        """Search for drift."""
        self.world.search()

    def crash(self) -> None:
        """Let a worker die at any moment of its work."""
        self.world.run_out()
        try:
            with dying(Moments(self.chance.randrange(60)), gateways.dial("")):
                self.world.converge("doomed")
        except Killed:
            pass


def _places(found: Any) -> set[Open]:
    return set(found.values_list("namespace", "host", "port"))


def _named(kind: str, name: str, namespace: str = "") -> KubeObject:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
