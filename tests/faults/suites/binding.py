"""P2: what was approved is what is applied, whatever happens to the rows in between."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.ownership import owner_labels
from egress.domain import render
from egress.domain.access import Access
from egress.domain.difference import differs
from egress.domain.lifecycle import Verdict
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.render import render_what_can
from egress.models import Grant, Person, Request, RequestDestination
from egress.selectors.slices import inventory_of_namespaces, profile_for
from egress.services import requests
from egress.services.requests import decisions
from egress.services.requests.sights import UNSEEN
from tests import factories as make
from tests.faults.grounds import broken_chain, hurry_sqlite, world
from tests.faults.suite import Outcome, Run, Suite
from tests.services.world import World

ROUNDS = 10
CASES = 100
NAMESPACES = ("shop", "data", "search")
WAYS = ((443, "TLS", False), (8443, "TCP", False), (80, "HTTP", True), (8080, "HTTP", False))
KINDS = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
)
EVIL = "evil.example.net"

OF_GRANT: Mapping[str, Callable[[Grant], dict[str, Any]]] = {
    "grant's host": lambda _: {"host": EVIL},
    "grant's port": lambda g: {"port": g.port + 1},
    "grant's protocol": lambda g: {"protocol": "TCP" if g.protocol != "TCP" else "TLS"},
    "grant's origination": lambda g: {"tls_origination": not g.tls_origination},
    "grant's addresses": lambda _: {"addresses": ["198.51.100.66"]},
    "grant's lookup": lambda _: {"resolution": "DNS_ROUND_ROBIN"},
    "grant's alias": lambda _: {"alias": "mirror"},
    "grant's namespace": lambda g: {"namespace": _other(g.namespace)},
    "grant's namespace's uid": lambda _: {"namespace_uid": "another"},
    "grant's account": lambda _: {"service_account": "web"},
    "grant's account's uid": lambda _: {"service_account_uid": "another"},
    "grant's duration": lambda _: {"duration_days": 3650},
    "grant's lack of an end": lambda _: {"duration_days": None},
    "grant's binding": lambda _: {"binding": "0" * 64},
    "grant's whole subject": lambda g: {
        "namespace": _other(g.namespace),
        "namespace_uid": _uid_of_other(g),
    },
}
OF_REQUEST: Mapping[str, dict[str, Any]] = {
    "request's namespace": {"namespace": "legacy"},
    "request's namespace's uid": {"namespace_uid": "another"},
    "request's account": {"service_account": "web"},
    "request's account's uid": {"service_account_uid": "another"},
    "request's duration": {"duration_days": 3650},
    "request's revision": {"revision": 7},
    "request's digest": {"decision_digest": "0" * 64},
    "request's status": {"status": "denied"},
    "request's openness": {"status": "pending", "decided_at": None, "decided_by": ""},
}
OF_DESTINATION: Mapping[str, dict[str, Any]] = {
    "destination's host": {"host": EVIL},
    "destination's port": {"port": 9999},
    "destination's protocol": {"protocol": "GRPC"},
    "destination's origination": {"tls_origination": True, "protocol": "TCP"},
    "destination's verdict": {"verdict": "denied"},
    "destination's lack of a verdict": {"verdict": ""},
    "destination's addresses": {"addresses": ["198.51.100.66"]},
    "destination's alias": {"alias": "mirror"},
}
TAMPERS = (*OF_GRANT, *OF_REQUEST, *OF_DESTINATION)


def _other(namespace: str) -> str:
    return next(name for name in NAMESPACES if name != namespace)


def _uid_of_other(grant: Grant) -> str:
    row = grant.cluster.namespaces.get(name=_other(grant.namespace), gone_at=None)
    return str(row.uid)


class Binding(Suite):
    """Rounds of decide, tamper or change, apply, compare."""

    name = "binding"
    promises = ("P2",)
    title = "Rows, inventory, other grants or generator changed between approval and apply"
    target = CASES * ROUNDS

    def cases(self) -> Sequence[str]:
        """Return batches of rounds, every fourth behind an egress gateway."""
        return [f"{'gateway' if n % 4 == 3 else 'sidecar'}-{n}" for n in range(CASES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        hurry_sqlite()
        yield run


BINDING = Binding()


def run(case: str, chance: random.Random) -> Outcome:
    """Play all rounds of a case in one cluster."""
    with ExitStack() as stack:
        made = stack.enter_context(world(*NAMESPACES))
        stack.enter_context(mock.patch.object(decisions, "look", return_value=UNSEEN))
        made.know_dns_capture()
        if case.startswith("gateway"):
            made.enforce("gateway")
        play = Play(made, chance)
        wrong: list[str] = []
        upgrade = chance.randrange(ROUNDS)
        for number in range(ROUNDS):
            if number == upgrade:
                # From here on the workers are of another release, which renders the same.
                newer = str(int(render.GENERATOR_VERSION) + 1)
                stack.enter_context(mock.patch.object(render, "GENERATOR_VERSION", newer))
            wrong += [f"Round {number}, {said}" for said in play.round()]
        return Outcome(ROUNDS, wrong + broken_chain())


@dataclass
class Play:
    """One cluster, and what was decided for it, as it was when it was decided."""

    world: World
    chance: random.Random
    decided: dict[int, Access] = field(default_factory=dict)
    applied: int = 1
    hosts: Iterator[int] = field(default_factory=count)
    approvers: list[Person] = field(default_factory=lambda: [make.approver(), make.approver()])

    def round(self) -> list[str]:
        """Decide, disturb, apply; return what is wrong then."""
        new = [self.decide() for _ in range(self.chance.randint(1, 2))]
        if self.chance.random() < 0.7:
            return self._tampered(new)
        what = self.chance.choice((self.account_comes, self.neighbour_comes, self.one_ends))
        what()
        self.apply()
        return [f"{what.__name__}: {said}" for said in self.compare(set())]

    def decide(self) -> Grant:
        """Have a request approved by the service that people use."""
        namespace = self.world.namespace(self.chance.choice(NAMESPACES))
        port, protocol, originates = self.chance.choice(WAYS)
        host = f"h{next(self.hosts)}.example.com"
        asked = make.request(
            namespace, self.world.requester, make.destination(host, port, protocol, originates)
        )
        for approver in self.approvers:
            asked.refresh_from_db()
            if asked.is_pending:
                actor, said = make.actor(approver), {0: Verdict.APPROVED}
                requests.decide(request=asked, actor=actor, revision=1, verdicts=said)
        grant = Grant.objects.get(request=asked)
        self.decided[grant.pk] = grant.access
        return grant

    def _tampered(self, new: Sequence[Grant]) -> list[str]:
        victim, what = self.chance.choice(new), self.chance.choice(TAMPERS)
        # What is there already is taken out again, which nothing explains: the brake lets a few.
        is_applied = self.applied > 0 and self.chance.random() < 0.2
        if is_applied:
            self.applied -= 1
            self.apply()
        undo = tamper(victim, what)
        if is_applied:
            # Nothing marks the slice: the search for drift has to find it.
            self.world.search()
        self.apply(EVIL, victim.host)
        wrong = self.compare({victim.pk})
        victim.refresh_from_db()
        if victim.failed_reason != "Tampered":
            wrong.append(f'the grant says "{victim.failed_reason}" and not that it was tampered')
        undo()
        self.apply(victim.host, self.decided[victim.pk].destination.host)
        return [f"the {what} was changed: {said}" for said in wrong + self.compare(set())]

    def account_comes(self) -> None:
        """Let a service account come or go between approval and apply."""
        name = f"account-{next(self.hosts)}"
        made = self.world.sandbox.account(self.chance.choice(NAMESPACES), name)
        self.world.sync()
        if self.chance.random() < 0.5:
            self.world.sandbox.remove(made)
            self.world.sync()

    def neighbour_comes(self) -> None:
        """Let somebody else be granted the same host."""
        pk = self.chance.choice(sorted(self.decided))
        access = self.decided[pk]
        for name in NAMESPACES:
            taken = Grant.objects.filter(namespace=name, host=access.destination.host)
            if not taken.exists():
                to = access.destination
                grant = self.world.approve(
                    to.host, name, to.port, to.protocol.value, tls_origination=to.tls_origination
                )
                self.decided[grant.pk] = grant.access
                return

    def one_ends(self) -> None:
        """Let any grant be revoked meanwhile."""
        pk = self.chance.choice(sorted(self.decided))
        self.world.revoke(Grant.objects.get(pk=pk))
        del self.decided[pk]

    def apply(self, *again: str) -> None:
        """Let workers do all there is to do, and look at all namespaces and some hosts again."""
        for name in NAMESPACES:
            self.world.mark(name)
        if self.world.cluster.enforcement != "sidecar":
            for host in again:
                self.world.mark_host(host)
        self.world.converge()
        if self.world.cluster.enforcement != "sidecar":
            self.world.settle(3)

    def compare(self, tampered: set[int]) -> list[str]:
        """Compare the cluster with a rendering of exactly what was decided."""
        wanted = [access for pk, access in self.decided.items() if pk not in tampered]
        profile, inventory = (
            profile_for(self.world.cluster, None),
            inventory_of_namespaces(self.world.cluster, None),
        )
        rendering = render_what_can(profile, inventory, dict.fromkeys(wanted))
        desired = {key_of(obj): obj for obj in rendering.objects}
        live = self._live()
        wrong = [f"{one.message}" for one in rendering.refused]
        wrong += [f"{key} is missing" for key in sorted(desired.keys() - live.keys())]
        wrong += [f"{key} was not decided" for key in sorted(live.keys() - desired.keys())]
        wrong += [
            f"{key} is not what was decided"
            for key in sorted(desired.keys() & live.keys())
            if differs(desired[key], live[key])
        ]
        return wrong

    def _live(self) -> dict[ObjectKey, KubeObject]:
        labels = owner_labels(settings.INSTALLATION)
        gateway = self.world.sandbox.gateway
        found = [obj for kind in KINDS for obj in gateway.list(kind, "", labels).items]
        return {key_of(obj): obj for obj in found if not _is_static(obj)}


def _is_static(obj: KubeObject) -> bool:
    managers = obj["metadata"].get("managedFields") or []
    return any(one.get("manager") == "egress-portal-bootstrap" for one in managers)


def tamper(grant: Grant, what: str) -> Callable[[], None]:
    """Change a row of a decided grant past the services; return what puts it back."""
    if what in OF_GRANT:
        return _change(Grant, grant.pk, OF_GRANT[what](grant))
    if what in OF_REQUEST:
        return _change(Request, grant.request_id, OF_REQUEST[what])
    row = RequestDestination.objects.get(request=grant.request_id)
    return _change(RequestDestination, row.pk, OF_DESTINATION[what])


def _change(model: Any, pk: int, fields: Mapping[str, Any]) -> Callable[[], None]:
    rows = model.objects.filter(pk=pk)
    before = rows.values(*fields).get()
    if rows.update(**fields) != 1:
        raise LookupError("There is no such row to change.")
    return lambda: rows.update(**before)
