"""How full the egress gateways of a cluster are, and which of them serves a host."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, Inventory, Protocol
from egress.domain.lifecycle import LIVE_GRANT_STATUSES
from egress.models import Cluster, Grant, HostAssignment


@dataclass(frozen=True)
class GatewayLoad:
    """Doors, and HTTP hosts, that live grants need of each gateway, by its id."""

    doors: Mapping[str, int] = field(default_factory=dict)
    http_hosts: Mapping[str, int] = field(default_factory=dict)


def assignments_of(cluster: Cluster, hosts: Collection[str] | None = None) -> dict[str, str]:
    """Return the gateway ids of some hosts, or of all; empty where there is only one gateway."""
    if len(cluster.gateways) < 2:
        return {}
    rows = HostAssignment.objects.filter(cluster=cluster)
    if hosts is not None:
        rows = rows.filter(host__in=sorted(set(hosts)))
    return dict(rows.values_list("host", "gateway"))


def load_of(cluster: Cluster, profile: ClusterProfile, inventory: Inventory) -> GatewayLoad:
    """Return what the gateways serve; `inventory` holds all namespaces, as their enforcement.

    Hosts of gateways that are not known count for none.
    """
    through = [
        name
        for name in inventory.namespaces
        if inventory.enforcement_of(name, profile) is Enforcement.GATEWAY
    ]
    if not through:
        return GatewayLoad()
    rows = Grant.objects.filter(cluster=cluster, status__in=LIVE_GRANT_STATUSES)
    rows = rows.filter(namespace__in=through)
    family = {protocol for protocol in Protocol if protocol.is_http_family}
    doors = rows.exclude(protocol__in=family).order_by()
    hosts = rows.filter(protocol__in=family).order_by()
    return GatewayLoad(
        _by_gateway(profile, doors.values_list("host", "port", "namespace").distinct()),
        _by_gateway(profile, hosts.values_list("host").distinct()),
    )


def _by_gateway(profile: ClusterProfile, rows: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for host, *_ in rows:
        try:
            found[profile.gateway_of(host).id] += 1
        except LookupError:
            continue
    return dict(found)
