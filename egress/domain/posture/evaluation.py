"""All checks of the posture in one call."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from egress.domain.access import ClusterProfile, Inventory
from egress.domain.posture import clients, doors, foreign, hosts, meshes, workload
from egress.domain.posture.look import Look
from egress.domain.posture.rows import Row, attested, in_order
from egress.domain.posture.snapshot import Snapshot

Check = Callable[[Look], Iterator[Row]]

CHECKS: Mapping[str, Check] = {
    "PF1": workload.gateway_is_there,
    "PF2": doors.no_other_gateway,
    "PF3": hosts.no_entry_at_gateway,
    "PF4": hosts.nothing_at_clients,
    "PF5": clients.no_rule_hides_gateway,
    "PF6": clients.sidecars_admit,
    "PF7": doors.no_other_allow,
    "PF8": meshes.dns_is_captured,
    "PF9": clients.workloads_have_proxies,
    "PF10": meshes.mesh_is_known,
}
"""The checks of istio.md 3.10, a function for each."""


def evaluate(
    snapshot: Snapshot,
    cluster: ClusterProfile,
    inventory: Inventory,
    *,
    ours: Collection[str],
    hosts: Mapping[str, Collection[str]],
    namespaces: Collection[str],
    attestations: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Row]:
    """Return at least one row for each check, in their order, the worst of each first.

    `ours` are the uids of objects that the portal wrote. `hosts` maps each granted (or wished)
    host to the namespaces concerned, `namespaces` are those whose state is judged, and
    `attestations` map ids of checks to what an admin vouches for.
    """
    look = _look(snapshot, cluster, inventory, ours, hosts, namespaces)
    rows = [row for check in CHECKS.values() for row in check(look)]
    return in_order(attested(rows, attestations or {}))


def list_foreign(
    snapshot: Snapshot, cluster: ClusterProfile, inventory: Inventory, *, ours: Collection[str]
) -> list[Row]:
    """Return a row for each way out of the mesh that the portal did not write."""
    look = _look(snapshot, cluster, inventory, ours, {}, ())
    return in_order(foreign.foreign_egress(look))


def _look(
    snapshot: Snapshot,
    cluster: ClusterProfile,
    inventory: Inventory,
    ours: Collection[str],
    hosts: Mapping[str, Collection[str]],
    namespaces: Collection[str],
) -> Look:
    version = snapshot.mesh.istio_version
    known = replace(cluster, istio_version=version) if version else cluster
    return Look(
        snapshot,
        known,
        inventory,
        frozenset(ours),
        {host: sorted(names) for host, names in sorted(hosts.items())},
        tuple(sorted(set(namespaces))),
    )
