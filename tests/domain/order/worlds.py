"""Random grants before and after a change, their objects, and the change carried out by steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
    Subject,
)
from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.order import Direction, Step, Verb, without_namespaces, write_steps
from egress.domain.plan import OwnedRecord, Plan, plan
from egress.domain.render import render
from tests.domain.examples import CLUSTER, inventory, live, namespace
from tests.domain.order.reach import Mesh

Cluster = dict[ObjectKey, KubeObject]
NAMESPACES = ("default", "otherns")
ACCOUNTS = ("billing", "default")
SUBJECTS = [(name, account) for name in NAMESPACES for account in ACCOUNTS]
HOSTS = ("a.example.com", "b.example.com")
WAYS: Mapping[int, list[tuple[Protocol, bool]]] = {
    80: [(Protocol.HTTP, False), (Protocol.HTTP, True)],
    443: [(Protocol.TLS, False), (Protocol.TCP, False), (Protocol.HTTP, False)],
    8080: [(Protocol.HTTP, False)],
    5432: [(Protocol.TCP, False)],
}


@dataclass(frozen=True)
class World:
    """A kind of mesh."""

    cluster: ClusterProfile
    inventory: Inventory

    def render(self, grants: frozenset[Access]) -> list[KubeObject]:
        return render(self.cluster, self.inventory, grants)


def world(enforcement: Enforcement, *, central: bool = False, deny: bool = False) -> World:
    """Two namespaces with the same enforcement."""
    cluster = replace(CLUSTER, enforcement=enforcement, central_entries=central)
    found = [namespace(name, default_deny=deny or central) for name in NAMESPACES]
    return World(cluster, inventory(*found))


GATEWAY = world(Enforcement.GATEWAY)
AMBIENT = world(Enforcement.AMBIENT)
SIDECAR = world(Enforcement.SIDECAR)
CENTRAL = world(Enforcement.SIDECAR, central=True)


@st.composite
def grants(
    draw: st.DrawFn, *, by_namespace: bool = False, everywhere: bool = False
) -> frozenset[Access]:
    """Grants of two namespaces to two hosts without contradiction.

    `by_namespace` leaves single service accounts out; `everywhere` grants all ports of a host to
    each namespace that has one of them, as central entries demand.
    """
    found: set[Access] = set()
    for host in HOSTS:
        ways = {port: draw(st.sampled_from(options)) for port, options in WAYS.items()}
        ports = draw(st.sets(st.sampled_from(sorted(ways)), max_size=3))
        for name in NAMESPACES:
            has_all = everywhere and draw(st.booleans())
            for port in sorted(ports):
                protocol, origination = ways[port]
                destination = Destination(host, port, protocol, origination)
                accounts = ["", "*"] if by_namespace else ["", "", "*", "billing", "default"]
                chosen = draw(st.sampled_from(accounts)) if not everywhere else "*" * has_all
                if chosen:
                    found.add(Access(Subject(name, chosen.strip("*")), destination))
    return frozenset(found)


def stored(objects: list[KubeObject]) -> Cluster:
    """The state of a cluster that holds these objects."""
    return {key_of(obj): obj for obj in objects}


def change(before: list[KubeObject], after: list[KubeObject]) -> Plan:
    """The plan from one settled state to another."""
    found = [live(obj, uid_of(obj)) for obj in before]
    owned = {key_of(obj): OwnedRecord(uid_of(obj)) for obj in before}
    return plan(after, found, owned, installation=CLUSTER.installation)


def uid_of(obj: KubeObject) -> str:
    """A uid that follows from the name."""
    return f"uid-{obj['metadata']['namespace']}-{obj['metadata']['name']}"


def carry_out(
    cluster: Cluster, steps: list[Step], failing: frozenset[int] = frozenset()
) -> Iterator[tuple[Step, Cluster]]:
    """Yield each step that was written and the cluster after it; steps in `failing` fail."""
    failed: set[ObjectKey] = set()
    for position, step in enumerate(steps):
        if position in failing or (step.needs | step.waits_for) & failed:
            failed.add(step.key)
            continue
        if step.verb is Verb.DELETE:
            del cluster[step.key]
            yield step, cluster
            continue
        assert step.obj is not None
        obj: KubeObject | None = step.obj
        if step.narrowable:
            left_out = [n for n, keys in step.per_namespace.items() if keys & failed]
            obj = without_namespaces(step.obj, left_out)
        if obj is not None:
            assert (step.key in cluster) == (step.verb is Verb.UPDATE), step
            assert check_object(obj) == [], step
            cluster[step.key] = obj
            yield step, cluster


def mesh(cluster: Cluster) -> Mesh:
    """Who gets where in this state."""
    return Mesh(cluster.values(), SUBJECTS)


def steps_between(before: list[KubeObject], after: list[KubeObject]) -> list[Step]:
    """The steps from one settled state to another."""
    return write_steps(change(before, after))


def directions(steps: list[Step]) -> list[Direction]:
    """The directions of the steps, in their order."""
    return [step.direction for step in steps]


def access_to(destination: Destination, namespace: str = "default", account: str = "") -> Access:
    """A grant to a namespace, or to an account in it."""
    return Access(Subject(namespace, account), destination)


def between(world: World, before: list[Access], after: list[Access]) -> list[Step]:
    """The steps from one settled set of grants to another."""
    return steps_between(world.render(frozenset(before)), world.render(frozenset(after)))


def told(steps: list[Step]) -> list[str]:
    """The steps in words: direction, verb, kind, and what the name ends in."""
    return [f"{step.direction} {step.verb} {step.key.kind}{_part(step.key.name)}" for step in steps]


def _part(name: str) -> str:
    last = name.rpartition("-")[2]
    return f" {last}" if len(last) != 10 and "-" in name else ""
