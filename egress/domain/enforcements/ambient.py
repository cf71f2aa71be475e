"""Enforcement by the waypoint: an entry and a policy per host, mesh-wide (istio.md 5)."""

from collections.abc import Sequence

from egress.domain.access import Access, ClusterProfile, Inventory
from egress.domain.manifests.destination_rule import origination_rule
from egress.domain.manifests.service_entry import service_entry
from egress.domain.manifests.waypoint_policy import entry_policy
from egress.domain.objects import KubeObject


def objects(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access]
) -> list[KubeObject]:
    """Return the objects of `accesses`, which hold no contradiction, in the egress namespace."""
    hosts: dict[str, list[Access]] = {}
    for access in accesses:
        hosts.setdefault(access.destination.host, []).append(access)
    found: list[KubeObject] = []
    for host, group in hosts.items():
        destinations = [access.destination for access in group]
        found.append(
            service_entry(
                cluster,
                namespace=cluster.egress_namespace,
                destinations=destinations,
                waypoint=cluster.waypoint,
            )
        )
        ports = [destination.port for destination in destinations if destination.tls_origination]
        if ports:
            found.append(origination_rule(cluster, cluster.egress_namespace, host, ports))
        found.append(entry_policy(cluster, group))
    return found
