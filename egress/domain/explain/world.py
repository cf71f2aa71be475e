"""Everything that the objects say, sorted by kind once: what all questions are asked of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile, Inventory
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import Entries, Entry, read_entry
from egress.domain.explain.policies import AccessPolicy, Policies, read_policy
from egress.domain.explain.reading import spec_of
from egress.domain.explain.routings import Routing, Routings, read_routing
from egress.domain.explain.servers import Server, Servers, read_servers
from egress.domain.explain.services import (
    EgressPolicies,
    EgressPolicy,
    NamedService,
    Services,
    Slice,
    read_egress_policy,
    read_service,
    read_slice,
)
from egress.domain.explain.sidecars import Sidecars, View, read_sidecar
from egress.domain.explain.traffic_rules import TrafficRule, TrafficRules, read_rule
from egress.domain.objects import ObjectKey, key_of


def _read_waypoint(obj: Mapping[str, Any]) -> ObjectKey | None:
    """Return the key of a waypoint, None for a Gateway of another class."""
    return key_of(obj) if spec_of(obj).get("gatewayClassName") == "istio-waypoint" else None


_NETWORKING = "networking.istio.io"
_READERS: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
    (_NETWORKING, "ServiceEntry"): read_entry,
    (_NETWORKING, "Sidecar"): read_sidecar,
    (_NETWORKING, "VirtualService"): read_routing,
    (_NETWORKING, "DestinationRule"): read_rule,
    (_NETWORKING, "Gateway"): read_servers,
    ("security.istio.io", "AuthorizationPolicy"): read_policy,
    ("gateway.networking.k8s.io", "Gateway"): _read_waypoint,
    ("", "Service"): read_service,
    ("discovery.k8s.io", "EndpointSlice"): read_slice,
    ("networking.k8s.io", "NetworkPolicy"): read_egress_policy,
}


@dataclass(frozen=True, eq=False)
class World:
    """The objects of one cluster, read and indexed; kinds that do not matter are left out."""

    cluster: ClusterProfile
    inventory: Inventory
    entries: Entries
    sidecars: Sidecars
    routings: Routings
    rules: TrafficRules
    servers: Servers
    policies: Policies
    services: Services
    network: EgressPolicies
    waypoints: frozenset[tuple[str, str]]
    gateways: Mapping[str, GatewayProfile] = field(default_factory=dict)
    unreadable: tuple[Anomaly, ...] = ()

    @classmethod
    def of(
        cls,
        objects: Iterable[Mapping[str, Any]],
        cluster: ClusterProfile,
        inventory: Inventory,
    ) -> "World":
        """Return the world of these objects; what cannot be read is an anomaly of its own."""
        found: dict[str, list[Any]] = {}
        unreadable = []
        for obj in objects:
            try:
                kind, read = _read(obj)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                unreadable.append(_unreadable(obj, error))
                continue
            if read is not None:
                found.setdefault(kind, []).append(read)
        return cls._indexed(found, cluster, inventory, tuple(unreadable))

    @classmethod
    def _indexed(
        cls,
        found: Mapping[str, list[Any]],
        cluster: ClusterProfile,
        inventory: Inventory,
        unreadable: tuple[Anomaly, ...],
    ) -> "World":
        entries: list[Entry] = found.get("ServiceEntry", [])
        views: list[View] = found.get("Sidecar", [])
        routings: list[Routing] = found.get("VirtualService", [])
        rules: list[TrafficRule] = found.get("DestinationRule", [])
        servers: list[Server] = [s for group in found.get("Gateway", []) for s in group]
        policies: list[AccessPolicy] = found.get("AuthorizationPolicy", [])
        services: list[NamedService] = found.get("Service", [])
        slices: list[Slice] = found.get("EndpointSlice", [])
        egress: list[EgressPolicy] = found.get("NetworkPolicy", [])
        waypoints: list[ObjectKey] = found.get("Waypoint", [])
        return cls(
            cluster=cluster,
            inventory=inventory,
            entries=Entries(entries),
            sidecars=Sidecars(views, cluster.root_namespace),
            routings=Routings(routings),
            rules=TrafficRules(rules, cluster.root_namespace),
            servers=Servers(servers, cluster),
            policies=Policies(policies, cluster),
            services=Services(services, slices, cluster.cluster_domain),
            network=EgressPolicies(egress),
            waypoints=frozenset((key.namespace, key.name) for key in waypoints),
            gateways={cluster.service_of(gateway): gateway for gateway in cluster.gateways},
            unreadable=unreadable,
        )

    def is_ambient(self, namespace: str) -> bool:
        """Tell whether workloads of a namespace have a node proxy instead of a sidecar."""
        return self.inventory.enforcement_of(namespace, self.cluster) is Enforcement.AMBIENT

    def is_bound(self, entry: Entry) -> bool:
        """Tell whether an entry is bound to a waypoint that is there."""
        return (entry.namespace, entry.waypoint) in self.waypoints


def _read(obj: Mapping[str, Any]) -> tuple[str, Any]:
    kind = obj["kind"]
    group = obj["apiVersion"].rpartition("/")[0]
    reader = _READERS.get((group, kind))
    is_waypoint = group == "gateway.networking.k8s.io" and kind == "Gateway"
    return "Waypoint" if is_waypoint else kind, reader(obj) if reader else None


def _unreadable(obj: Any, error: Exception) -> Anomaly:
    try:
        key = key_of(obj)
    except (AttributeError, KeyError, TypeError, ValueError):
        key = ObjectKey("", "unknown", "", "")
    return Anomaly(
        "ObjectUnreadable",
        f"{key} cannot be read ({error}), so nothing of it counts here. Look at it.",
        key,
    )
