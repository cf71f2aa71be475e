"""Enforcement by sidecars that are told which shared entries they may use (istio.md 2.6)."""

from collections.abc import Sequence

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.enforcements import aliases
from egress.domain.manifests.destination_rule import origination_rule
from egress.domain.manifests.service_entry import service_entry
from egress.domain.naming import synthetic_host
from egress.domain.objects import KubeObject, with_content_hash
from egress.domain.slices import is_central


def objects(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access]
) -> list[KubeObject]:
    """Return the objects of `accesses`, which hold no contradiction.

    The entry of a host is exported to the namespaces that may use it, and so is the rule that
    makes their sidecars originate TLS. What admits it there is their Sidecar: `admitted_hosts`.
    """
    hosts: dict[str, list[Access]] = {}
    for access in accesses:
        hosts.setdefault(access.destination.host, []).append(access)
    found: list[KubeObject] = []
    for host, group in hosts.items():
        destinations = [access.destination for access in group]
        exported = [".", *sorted({access.subject.namespace for access in group})]
        found.append(
            service_entry(
                cluster,
                namespace=cluster.egress_namespace,
                destinations=destinations,
                export_to=exported,
            )
        )
        ports = [destination.port for destination in destinations if destination.tls_origination]
        if ports:
            rule = origination_rule(cluster, cluster.egress_namespace, host, ports)
            rule["spec"]["exportTo"] = exported
            found.append(with_content_hash(rule))
    return found + aliases.objects(cluster, inventory, accesses, with_route=True)


def admitted_hosts(
    cluster: ClusterProfile, inventory: Inventory, namespace: str, accepted: Sequence[Access]
) -> tuple[str, ...]:
    """Return what the Sidecar of `namespace` lets its proxies know, each `namespace/name`.

    Empty where entries are not central: then no list is written. `accepted` are the accepted
    grants of this namespace; those of others do not count.
    """
    is_listed = inventory.enforcement_of(namespace, cluster) is Enforcement.SIDECAR
    if not (is_listed and cluster.central_entries):
        return ()
    facts = inventory.namespaces.get(namespace)
    hosts = {
        access.destination.host
        for access in accepted
        if access.subject.namespace == namespace and is_central(access, cluster)
    }
    names = sorted(synthetic_host(host) if "/" in host else host for host in hosts)
    own = ("./*", f"{cluster.root_namespace}/*")
    kept = sorted(set(facts.mesh_hosts if facts else ()) - set(own))
    return (*own, *kept, *(f"{cluster.egress_namespace}/{name}" for name in names))
