"""The cluster after every single write, read back from its ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from egress.domain.access import ClusterProfile, Inventory, Protocol, Subject
from egress.domain.explain import Mesh
from egress.models import Cluster, Grant
from egress.selectors.slices import inventory_of_namespaces, profile_for
from tests.faults.copies import Snapshot

Place = tuple[str, str, str, str, int, str]
"""A way of asking, a namespace, an account, a host, a port and a protocol."""
READ = frozenset(
    {
        "serviceentries.networking.istio.io",
        "destinationrules.networking.istio.io",
        "virtualservices.networking.istio.io",
        "gateways.networking.istio.io",
        "sidecars.networking.istio.io",
        "authorizationpolicies.security.istio.io",
        "gateways.gateway.networking.k8s.io",
        "services",
        "endpointslices.discovery.k8s.io",
        "networkpolicies.networking.k8s.io",
    }
)


@dataclass
class Live:
    """The objects of a cluster by kind, namespace and name."""

    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def of(snapshot: Snapshot) -> "Live":
        """Return the objects of a snapshot."""
        live = Live()
        for resource, obj in snapshot.objects:
            metadata = obj["metadata"]
            live.objects[resource, metadata.get("namespace", ""), metadata["name"]] = obj
        return live

    def take(self, write: dict[str, Any]) -> None:
        """Do what a line of the ledger says."""
        key = write["kind"], write["namespace"], write["name"]
        if write["deleted"]:
            self.objects.pop(key, None)
        else:
            self.objects[key] = write["object"]


@dataclass
class Questions:
    """What is asked of the objects: who reaches which host, for everybody and all hosts named."""

    profile: ClusterProfile
    inventory: Inventory
    places: list[Place]

    @staticmethod
    def of(cluster: Cluster, enforcement: str) -> "Questions":
        """Return the questions about all grants there ever were, asked for every account."""
        # Under ambient enforcement proxies pass unknown hosts on, so there the waypoint is asked.
        way = "admits" if enforcement == "ambient" else "can"
        inventory = inventory_of_namespaces(cluster, None)
        hosts = {(grant.host, grant.port, grant.protocol) for grant in Grant.objects.all()}
        hosts.add(("never-granted.example.net", 443, "TLS"))
        places = [
            (way, namespace, account, probe(host), port, protocol)
            for namespace in ("shop", "data")
            for account in ("web", "default")
            for host, port, protocol in sorted(hosts)
        ]
        return Questions(profile_for(cluster, None), inventory, places)

    def open_in(self, live: Live) -> frozenset[Place]:
        """Return what the objects let through."""
        mesh = Mesh(
            [obj for (kind, _, _), obj in live.objects.items() if kind in READ],
            cluster=self.profile,
            inventory=self.inventory,
        )
        return frozenset(place for place in self.places if self._ask(mesh, place))

    def _ask(self, mesh: Mesh, place: Place) -> bool:
        way, namespace, account, host, port, protocol = place
        ask = mesh.can if way == "can" else mesh.admits
        return ask(Subject(namespace, account), host, port, Protocol(protocol)).allowed


def probe(host: str) -> str:
    """Return a host that a grant covers: itself, or one below a wildcard."""
    return host.replace("*", "probe", 1)


def covers(grant: Grant, place: Place) -> bool:
    """Tell whether a grant is about a place."""
    _, namespace, account, host, port, protocol = place
    return (
        grant.namespace == namespace
        and grant.service_account in ("", account)
        and (grant.host == host or (grant.host[0] == "*" and host.endswith(grant.host[1:])))
        and (grant.port, grant.protocol) == (port, protocol)
    )


def states(
    snapshot: Snapshot, writes: list[dict[str, Any]], questions: Questions
) -> Iterator[tuple[dict[str, Any] | None, frozenset[Place]]]:
    """Yield what is open at first and after every single write that could change it."""
    live = Live.of(snapshot)
    now = questions.open_in(live)
    yield None, now
    for write in writes:
        live.take(write)
        if write["kind"] in READ:
            now = questions.open_in(live)
        yield write, now
