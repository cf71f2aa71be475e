"""The ServiceEntry of one host in one namespace: under `sidecar` it *is* the permission."""

from collections.abc import Iterable
from typing import Any

from egress.domain.access import ClusterProfile, Destination
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import base, labels, port_name
from egress.domain.objects import KubeObject, with_content_hash

KIND = "ServiceEntry"
_TLS_PORT = 443


def service_entry(
    cluster: ClusterProfile, namespace: str, host: str, destinations: Iterable[Destination]
) -> KubeObject:
    """Return the ServiceEntry that lets `namespace` reach `host` on the ports of `destinations`.

    All destinations name `host`, each on another port (istio.md R-A1, R-A2 and R-A4).
    """
    ports = [_port(destination) for destination in sorted(destinations, key=lambda d: d.port)]
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": base(host),
                "namespace": namespace,
                "labels": labels(cluster, host),
            },
            "spec": {
                "hosts": [host],
                "exportTo": ["."],
                "location": "MESH_EXTERNAL",
                "resolution": "DNS",
                "ports": ports,
            },
        }
    )


def _port(destination: Destination) -> dict[str, Any]:
    port: dict[str, Any] = {
        "number": destination.port,
        "name": port_name(destination.protocol, destination.port),
        "protocol": destination.protocol.value,
    }
    if destination.tls_origination:
        # Not a second port 443: that one would let the application speak TLS past the proxy.
        port["targetPort"] = _TLS_PORT
    return port
