"""P21: what collides with a wish in the cluster or among the grants is told before approval."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from egress.domain.lifecycle import Verdict
from egress.models import Cluster, Grant, Namespace, Person, Request
from egress.services import requests
from egress.services.errors import Refused
from tests import factories as make
from tests.cluster.company import Company
from tests.faults.grounds import company, hurry_sqlite
from tests.faults.suite import Outcome, Run, Suite

ROUNDS = 25
CASES = 40
HOME, OTHER = "shop", "data"
SERVICE = "egressgateway.istio-egress.svc.cluster.local"
TAKEN, WARNED = "HostTaken", "PortInConflict"


class Collisions(Suite):
    """Every round plants one collision, and asks, or decides what was asked for before."""

    name = "collisions"
    promises = ("P21",)
    title = "Planted collisions, told before the approval with the object's name"
    target = CASES * ROUNDS

    def cases(self) -> Sequence[str]:
        """Return batches of rounds, every third under sidecar enforcement."""
        return [f"{'sidecar' if n % 3 == 2 else 'gateway'}-{n}" for n in range(CASES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        hurry_sqlite()
        yield run


COLLISIONS = Collisions()


def run(case: str, chance: random.Random) -> Outcome:
    """Plant and ask in one cluster."""
    with company(enforcement=case.split("-")[0]) as (made, row):
        ground = Ground(made, row, chance)
        names = [name for name, one in PLANTS.items() if ground.is_gateway or not one.gateway_only]
        wrong = []
        for number in range(ROUNDS):
            wrong += ground.round(names[number % len(names)])
        return Outcome(ROUNDS, wrong)


@dataclass
class Ground:
    """A cluster, the people, and hosts that nobody used before."""

    company: Company
    cluster: Cluster
    chance: random.Random
    hosts: Iterator[int] = field(default_factory=count)
    owner: Person = field(default_factory=lambda: make.person(teams=["team-shop", "team-data"]))
    approver: Person = field(default_factory=make.approver)

    @property
    def is_gateway(self) -> bool:
        """Whether grants go through the egress gateway."""
        return self.cluster.enforcement == "gateway"

    def namespace(self, name: str = HOME) -> Namespace:
        """Return a namespace as it is known."""
        return Namespace.objects.get(cluster=self.cluster, name=name, gone_at=None)

    def round(self, name: str) -> list[str]:
        """Plant one thing; the same wish is fine before, told of now, and fine afterwards."""
        plant, host = PLANTS[name], f"h{next(self.hosts)}.example.com"
        is_late = plant.blocks and self.chance.random() < 0.5
        request = self.asked(host) if is_late else None
        planted = plant.plant(self, host)
        told = self.decided(request) if request else self.wished(plant, host)
        self.remove(planted)
        wrong = []
        if not told.reasons & set(plant.reasons):
            wrong.append(f"{name} was not told of: {sorted(told.reasons)}")
        elif plant.names and plant.names not in told.text:
            wrong.append(f'{name}: "{plant.names}" is not named in "{told.text}"')
        if (told.is_refused, plant.blocks) == (False, True):
            wrong.append(f"{name} did not keep the wish from being granted.")
        calm = self.wished(plant, f"h{next(self.hosts)}.example.com")
        if calm.is_refused:
            wrong.append(f"{name} is gone, and still refused: {calm.text}")
        return wrong

    def remove(self, planted: dict[str, Any] | None) -> None:
        """Take away what was planted, in the cluster or in the database."""
        if planted:
            self.company.cluster.remove(planted)
        Grant.objects.all().delete()

    def asked(self, host: str) -> Request:
        """Return a request from before anything collided."""
        return make.request(self.namespace(), self.owner, make.destination(host))

    def wished(self, plant: "Plant", host: str) -> "Told":
        """Ask for a host, and return what is said."""
        to = make.destination(host, 80, "HTTP") if plant.alias else make.destination(host)
        if plant.alias:
            to = requests.DestinationDraft(host, 80, "HTTP", alias=plant.alias)
        draft = make.draft(self.namespace(), to)
        try:
            made = requests.submit(draft=draft, actor=make.actor(self.owner))
        except Refused as refusal:
            return Told({refusal.reason}, str(refusal), True)
        found = made.findings
        text = " ".join(str(one["message"]) for one in found)
        return Told({str(one["reason"]) for one in found}, text, False)

    def decided(self, request: Request) -> "Told":
        """Approve a request, and return what is said."""
        who, said = make.actor(self.approver), {0: Verdict.APPROVED}
        try:
            requests.decide(request=request, actor=who, revision=1, verdicts=said)
        except Refused as refusal:
            return Told({refusal.reason}, str(refusal), True)
        return Told(set(), "", False)


@dataclass(frozen=True)
class Told:
    """What a person is told."""

    reasons: set[str]
    text: str
    is_refused: bool


@dataclass(frozen=True)
class Plant:
    """Something that collides: how it is planted, and what must be said of it."""

    plant: Callable[[Ground, str], dict[str, Any] | None]
    reasons: Sequence[str] = (TAKEN,)
    names: str = ""
    blocks: bool = True
    gateway_only: bool = False
    alias: str = ""


def entry(namespace: str, *exported: str, port: int = 443, protocol: str = "TLS") -> Any:
    """Return what plants somebody else's entry for the host."""

    def plant(ground: Ground, host: str) -> dict[str, Any]:
        spelled = host.upper() if ground.chance.random() < 0.2 else host
        spec: dict[str, Any] = {
            "hosts": ["first.example.org", spelled],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": port, "name": "p", "protocol": protocol}],
        }
        if exported:
            spec["exportTo"] = list(exported)
        return ground.company.plant("ServiceEntry", namespace, "squatter", spec=spec)

    return plant


def route(namespace: str, pattern: str, *exported: str) -> Any:
    """Return what plants somebody else's route; `{}` in the pattern stands for the host."""

    def plant(ground: Ground, host: str) -> dict[str, Any]:
        way = [{"route": [{"destination": {"host": "elsewhere.example.net"}}]}]
        spec: dict[str, Any] = {"hosts": [pattern.format(host)], "http": way}
        if exported:
            spec["exportTo"] = list(exported)
        return ground.company.plant("VirtualService", namespace, "detour", spec=spec)

    return plant


def of_kind(kind: str, **spec: Any) -> Any:
    """Return what plants another object in the namespace that asks."""
    return lambda ground, _: ground.company.plant(kind, HOME, "tuning", spec=spec)


def granted(port: int, protocol: str) -> Any:
    """Return what grants the host to another namespace in another way."""

    def plant(ground: Ground, host: str) -> None:
        make.grant(ground.namespace(OTHER), ground.owner, host, port, protocol)

    return plant


PLANTS: Mapping[str, Plant] = {
    "entry in the own namespace": Plant(entry(HOME, "."), names="shop/squatter"),
    "entry for all, by name": Plant(entry(OTHER, "*"), names="data/squatter"),
    "entry for all, by default": Plant(entry(OTHER), names="data/squatter"),
    "entry for this namespace": Plant(entry(OTHER, "payments", HOME), names="data/squatter"),
    "entry at the gateway": Plant(
        entry(OTHER, "istio-egress"), names="data/squatter", gateway_only=True
    ),
    "entry of the gateway's namespace": Plant(
        entry("istio-egress", "."), names="istio-egress/squatter", gateway_only=True
    ),
    "entry on another port": Plant(entry(HOME, ".", port=8443), names="shop/squatter"),
    "entry of another protocol elsewhere": Plant(
        entry(OTHER, ".", protocol="HTTP"), (WARNED,), "data/squatter", blocks=False
    ),
    "route of the host": Plant(route(HOME, "{}"), names="shop/detour"),
    "route of a wildcard above it": Plant(route(HOME, "*.example.com"), names="shop/detour"),
    "route of everything, elsewhere": Plant(route(OTHER, "*"), names="data/detour"),
    "route exported here": Plant(route(OTHER, "{}", HOME), names="data/detour"),
    "rule that hides the gateway": Plant(
        of_kind("DestinationRule", host=SERVICE),
        ("GatewayHidden",), "shop/tuning", gateway_only=True,
    ),
    "rule of a wildcard that hides the gateway": Plant(
        of_kind("DestinationRule", host="*.svc.cluster.local"),
        ("GatewayHidden",), "shop/tuning", gateway_only=True,
    ),
    "narrow Sidecar": Plant(
        of_kind("Sidecar", egress=[{"hosts": ["istio-system/*"]}]),
        ("SidecarTooNarrow",), "shop/tuning",
    ),
    "Service with the alias": Plant(
        lambda ground, _: ground.company.plant(
            "Service", HOME, "mirror", spec={"ports": [{"port": 80}]}
        ),
        ("AliasTaken",), "mirror", alias="mirror", blocks=False,
    ),
    "grant of another protocol": Plant(
        granted(443, "HTTP"), ("ProtocolConflict",), gateway_only=True
    ),
}  # fmt: skip
"""One of each way to collide. An alias can be planted before the wish only."""
