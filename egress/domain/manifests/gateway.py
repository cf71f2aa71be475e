"""The Gateways on the egress gateway: its HTTP entrance and its doors (istio.md 3.3, 3.6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import door, door_name, labels, server_name
from egress.domain.objects import KubeObject, with_content_hash

KIND = "Gateway"


def http_gateway_name(gateway: GatewayProfile) -> str:
    """Return the name of a gateway's entrance for HTTP."""
    return f"egress-http{gateway.suffix}"


def http_gateway(cluster: ClusterProfile, gateway: GatewayProfile) -> KubeObject:
    """Return the one entrance for HTTP of all hosts; policies decide per request.

    `./*` lets only VirtualServices of the egress namespace bind to it.
    """
    server = {
        "port": {"number": gateway.http_port, "name": "https-mesh", "protocol": "HTTPS"},
        "hosts": ["./*"],
        "tls": {"mode": "ISTIO_MUTUAL"},
    }
    return _gateway(cluster, gateway, http_gateway_name(gateway), labels(cluster), [server])


def doors(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    *,
    host: str,
    port: int,
    identities: Mapping[str, Sequence[str]],
) -> KubeObject:
    """Return the doors of (host, port): a server per client namespace (istio.md R-B14).

    `identities` maps each client namespace to the SPIFFE ids that its door admits. Raises
    ValueError for an empty list, because such a door would admit the whole mesh (R-B16).
    """
    if not identities or not all(identities.values()):
        raise ValueError(f'A door of "{host}" port {port} would admit every identity of the mesh.')
    servers = [
        _server(gateway, host, port, namespace, identities[namespace])
        for namespace in sorted(identities)
    ]
    return _gateway(cluster, gateway, door_name(host, port), labels(cluster, host), servers)


def _server(
    gateway: GatewayProfile, host: str, port: int, namespace: str, admitted: Sequence[str]
) -> dict[str, Any]:
    return {
        "port": {"number": gateway.tls_port, "name": server_name(namespace), "protocol": "TLS"},
        "hosts": [f"./{door(host, port, namespace)}"],
        "tls": {"mode": "ISTIO_MUTUAL", "subjectAltNames": list(admitted)},
    }


def _gateway(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    name: str,
    marks: Mapping[str, str],
    servers: Sequence[Mapping[str, Any]],
) -> KubeObject:
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": name,
                "namespace": cluster.egress_namespace,
                "labels": dict(marks),
            },
            "spec": {"selector": {"istio": gateway.istio_label}, "servers": list(servers)},
        }
    )
