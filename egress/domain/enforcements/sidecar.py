"""Enforcement by each client's own sidecar: an entry per namespace and host (istio.md 2)."""

from collections.abc import Sequence

from egress.domain.access import Access, ClusterProfile, Destination, Inventory
from egress.domain.enforcements import aliases
from egress.domain.manifests.destination_rule import origination_rule
from egress.domain.manifests.service_entry import service_entry
from egress.domain.objects import KubeObject


def objects(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access]
) -> list[KubeObject]:
    """Return the objects of `accesses`, which hold no contradiction, in their namespaces."""
    hosts: dict[tuple[str, str], list[Destination]] = {}
    for access in accesses:
        destination = access.destination
        if not destination.is_fixed_address:
            hosts.setdefault((access.subject.namespace, destination.host), []).append(destination)
    found: list[KubeObject] = []
    for (namespace, host), destinations in hosts.items():
        found.append(service_entry(cluster, namespace=namespace, destinations=destinations))
        ports = [destination.port for destination in destinations if destination.tls_origination]
        if ports:
            found.append(origination_rule(cluster, namespace, host, ports))
    return found + aliases.objects(cluster, inventory, accesses, with_route=True)
