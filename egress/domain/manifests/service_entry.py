"""The ServiceEntry of one host or address range, under every enforcement (istio.md 2.3, 3.6, 5)."""

from collections.abc import Sequence
from typing import Any

from egress.domain.access import ClusterProfile, Destination, Protocol
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import base, labels, port_name, synthetic_host
from egress.domain.objects import KubeObject, with_content_hash

KIND = "ServiceEntry"
WAYPOINT_LABEL = "istio.io/use-waypoint"
_TLS_PORT = 443


def service_entry(
    cluster: ClusterProfile,
    *,
    namespace: str,
    destinations: Sequence[Destination],
    export_to: Sequence[str] = (".",),
    waypoint: str = "",
) -> KubeObject:
    """Return the ServiceEntry for `destinations`: one host, its addresses, each port once.

    `export_to` is written as it is given. `waypoint` binds the entry to a waypoint of its
    namespace (istio.md 5.1).
    """
    first = destinations[0]
    by_port = {destination.port: destination for destination in destinations}
    marks = labels(cluster, first.host)
    if waypoint:
        marks[WAYPOINT_LABEL] = waypoint
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": base(first.host),
                "namespace": namespace,
                "labels": marks,
            },
            "spec": {
                "hosts": [synthetic_host(first.host) if first.is_cidr else first.host],
                **_addresses(first),
                "exportTo": list(export_to),
                "location": "MESH_EXTERNAL",
                **_resolution(first),
                "ports": [_port(by_port[number]) for number in sorted(by_port)],
            },
        }
    )


def needs_address(destination: Destination) -> bool:
    """Tell whether a client needs an address of the mesh's own for this host (istio.md R-A7)."""
    is_tcp = destination.protocol is Protocol.TCP
    return is_tcp and not destination.is_cidr and not destination.addresses


def _addresses(destination: Destination) -> dict[str, Any]:
    if destination.is_cidr:
        return {"addresses": [destination.host]}
    return {"addresses": list(destination.addresses)} if destination.addresses else {}


def _resolution(destination: Destination) -> dict[str, Any]:
    """Return how addresses are found: always written, because the zero value is the open one."""
    if destination.is_cidr:
        return {"resolution": "NONE"}
    if destination.is_wildcard:
        return {"resolution": "DYNAMIC_DNS"}
    if destination.addresses:
        endpoints = [{"address": address} for address in destination.addresses]
        return {"resolution": "STATIC", "endpoints": endpoints}
    return {"resolution": str(destination.resolution)}


def _port(destination: Destination) -> dict[str, Any]:
    port: dict[str, Any] = {
        "number": destination.port,
        "name": port_name(destination.protocol, destination.port),
        "protocol": str(destination.protocol),
    }
    if destination.tls_origination:
        # Not a second port 443: that one would let the application speak TLS past the proxy.
        port["targetPort"] = _TLS_PORT
    return port
