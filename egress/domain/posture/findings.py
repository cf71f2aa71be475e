"""What the live cluster says about a wish, as findings of the policies."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from egress.domain.access import ClusterProfile, Enforcement, Inventory, Wish
from egress.domain.manifests.service_entry import needs_address
from egress.domain.policies.finding import Finding
from egress.domain.policies.finding import Level as Weight
from egress.domain.posture.evaluation import evaluate
from egress.domain.posture.matching import hosts_of, items, name_of, namespace_of, uid_of
from egress.domain.posture.rows import Level, Row, blocks, is_boundary
from egress.domain.posture.snapshot import Read, Snapshot
from egress.domain.wording import quoted

REASONS: Mapping[str, str] = {
    "PF1": "GatewayNotReady",
    "PF3": "HostTaken",
    "PF4": "HostTaken",
    "PF5": "GatewayHidden",
    "PF6": "SidecarTooNarrow",
    "PF8": "DnsCaptureMissing",
    "PF9": "NotInMesh",
    "PF10": "MeshNotReady",
}

CODES: Mapping[str, tuple[str, ...]] = {
    "AliasTaken": ("IST0150",),
    "DnsCaptureMissing": ("IST0134",),
    "GatewayHidden": ("IST0101", "KIA1107"),
    "GatewayNotReady": ("IST0118", "IST0127", "IST0132", "IST0162", "KIA0109", "KIA0302"),
    "HostTaken": ("IST0109", "KIA1106", "KIA1211", "KIA1212"),
    "PortInConflict": ("IST0177",),
    "SeveralSidecars": ("IST0111", "KIA0002"),
    "SidecarOverrides": ("IST0110", "KIA0003"),
    "SidecarTooNarrow": ("KIA1004",),
    "TrustDomainDiffers": ("KIA0108",),
}
"""The names that Istio's analyzer and Kiali have for the same."""


_CONFLICTING_GATEWAYS = ("IST0145", "KIA0301")


def findings_for(
    snapshot: Snapshot,
    cluster: ClusterProfile,
    inventory: Inventory,
    wish: Wish,
    *,
    ours: Collection[str],
    attestations: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Finding]:
    """Return what stands in the way of a wish in the cluster as it is, and what weakens it.

    `ours` are the uids of objects that the portal wrote, `attestations` what admins vouch for.
    """
    namespace = wish.subject.namespace
    rows = evaluate(
        snapshot,
        cluster,
        inventory,
        ours=ours,
        hosts={one.host: [namespace] for one in wish.destinations},
        namespaces=[namespace],
        attestations=attestations or {},
    )
    enforcement = inventory.enforcement_of(namespace, cluster)
    found = [
        *_of_rows(rows, wish, enforcement),
        *_of_namespace(rows, snapshot, inventory, wish, enforcement),
        *_of_services(snapshot, cluster, wish, ours),
        *_of_ports(snapshot, cluster, wish, ours),
    ]
    return [replace(one, codes=CODES.get(one.reason, one.codes)) for one in dict.fromkeys(found)]


def _of_rows(rows: list[Row], wish: Wish, enforcement: Enforcement) -> Iterator[Finding]:
    for index, destination in enumerate(wish.destinations):
        for row in blocks(
            rows,
            host=destination.host,
            namespace=wish.subject.namespace,
            needs_dns=needs_address(destination),
            enforcement=enforcement,
        ):
            field = "namespace"
            if row.host or row.id == "PF8":
                field = f"destinations.{index}.{'host' if row.host else 'protocol'}"
            yield Finding(row.reason or REASONS[row.id], _sentence(row), Weight.BLOCK, field)


def _of_namespace(
    rows: list[Row],
    snapshot: Snapshot,
    inventory: Inventory,
    wish: Wish,
    enforcement: Enforcement,
) -> Iterator[Finding]:
    for row in rows:
        if row.id in ("PF6", "PF9") and row.level is Level.WARN:
            yield Finding(row.reason or REASONS[row.id], _sentence(row), Weight.WARN, "namespace")
    if enforcement is not Enforcement.SIDECAR and not is_boundary(rows):
        worst = next(r for r in rows if r.id in ("PF2", "PF7") and r.level is not Level.OK)
        message = f"The egress gateway is not a boundary now. {_sentence(worst)}"
        codes = _CONFLICTING_GATEWAYS if worst.id == "PF2" and worst.object else ()
        yield Finding("NotABoundary", message, Weight.WARN, "namespace", codes)
    facts = inventory.namespaces.get(wish.subject.namespace)
    is_open = snapshot.mesh.outbound_policy not in (None, "REGISTRY_ONLY")
    if is_open and enforcement is not Enforcement.AMBIENT and not (facts and facts.default_deny):
        yield Finding(
            "MeshAllowsAny",
            f"The mesh lets namespace {quoted(wish.subject.namespace)} reach every host, granted "
            "or not. Switch its default deny on.",
            Weight.INFO,
            "namespace",
        )


def _of_services(
    snapshot: Snapshot, cluster: ClusterProfile, wish: Wish, ours: Collection[str]
) -> Iterator[Finding]:
    """Refuse names that a Service of the cluster has: as a host, or as an alias."""
    namespace = wish.subject.namespace
    for service in snapshot.of(Read.SERVICE):
        name, place = name_of(service), namespace_of(service)
        short = f"{name}.{place}"
        names = {short, f"{short}.svc", f"{short}.svc.{cluster.cluster_domain}"}
        for index, one in enumerate(wish.destinations):
            if one.host in names:
                yield Finding(
                    "HostIsService",
                    f'{quoted(one.host)} is the name of the Service "{place}/{name}" in the '
                    "cluster. Traffic inside the mesh needs no grant.",
                    Weight.BLOCK,
                    f"destinations.{index}.host",
                )
            if (place, name) == (namespace, one.alias) and uid_of(service) not in ours:
                yield Finding(
                    "AliasTaken",
                    f"The namespace has a Service called {quoted(one.alias)} already. Choose "
                    "another alias.",
                    Weight.BLOCK,
                    f"destinations.{index}.alias",
                )


def _of_ports(
    snapshot: Snapshot, cluster: ClusterProfile, wish: Wish, ours: Collection[str]
) -> Iterator[Finding]:
    """Tell of foreign entries that speak another protocol on a wished port (IST0177)."""
    wished = {one.host: (index, one) for index, one in enumerate(wish.destinations)}
    for entry in snapshot.of(Read.SERVICE_ENTRY):
        if uid_of(entry) in ours:
            continue
        for host in hosts_of(entry) & wished.keys():
            index, one = wished[host]
            spoken = {
                str(port.get("protocol"))
                for port in items(entry, "spec", "ports")
                if isinstance(port, dict) and port.get("number") == one.port
            }
            if spoken - {one.protocol.value}:
                yield Finding(
                    "PortInConflict",
                    f'The foreign ServiceEntry "{namespace_of(entry)}/{name_of(entry)}" speaks '
                    f'"{min(spoken)}" on port "{one.port}" of {quoted(host)}. Ask its owner how '
                    "the server is spoken to.",
                    Weight.WARN,
                    f"destinations.{index}.port",
                )


def _sentence(row: Row) -> str:
    return f"{row.sentence} {row.fix}".strip()
