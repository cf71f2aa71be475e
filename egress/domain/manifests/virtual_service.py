"""The VirtualServices from a client to the gateway, and from there to a host (istio.md 3.6)."""

from collections.abc import Iterable, Sequence
from typing import Any

from egress.domain.access import ClusterProfile, Destination, GatewayProfile, Protocol
from egress.domain.manifests import NETWORKING_V1
from egress.domain.manifests.gateway import http_gateway_name
from egress.domain.naming import (
    HTTP_SUBSET,
    door,
    door_name,
    http_name,
    labels,
    mesh_name,
    subset_name,
)
from egress.domain.objects import KubeObject, with_content_hash

KIND = "VirtualService"
MESH_HEADERS = (
    "x-forwarded-client-cert",
    "x-envoy-peer-metadata",
    "x-envoy-peer-metadata-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-envoy-attempt-count",
    "x-envoy-external-address",
    "x-envoy-decorator-operation",
)
"""What would tell a host outside about the pod that calls it (istio.md R-B12)."""

_HTTP_PORT = 80


def _authority(host: str, port: int) -> str:
    """Return the one spelling in which the gateway sees a host and port (istio.md R-B8)."""
    return host if port == _HTTP_PORT else f"{host}:{port}"


def mesh_leg(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    *,
    destinations: Sequence[Destination],
    namespaces: Sequence[str],
) -> KubeObject:
    """Return what leads the proxies of `namespaces` to the gateway for one host.

    `destinations` are all ports of the host's ServiceEntry, each once: a port without a route
    would be a direct way out (istio.md R-B7). `namespaces` is written as `exportTo`.
    """
    host = destinations[0].host
    ordered = sorted(destinations, key=lambda destination: destination.port)
    to_gateway = _ToGateway(cluster.service_of(gateway), gateway)
    routes = {
        "http": [to_gateway.http(d) for d in ordered if d.protocol.is_http_family],
        "tls": [to_gateway.tls(d) for d in ordered if d.protocol is Protocol.TLS],
        "tcp": [to_gateway.tcp(d) for d in ordered if d.protocol is Protocol.TCP],
    }
    return _virtual_service(
        cluster,
        host,
        mesh_name(host),
        {
            "hosts": [host],
            "exportTo": list(namespaces),
            "gateways": ["mesh"],
            **{family: found for family, found in routes.items() if found},
        },
    )


def http_leg(
    cluster: ClusterProfile, gateway: GatewayProfile, *, host: str, ports: Iterable[int]
) -> KubeObject:
    """Return what leads HTTP from the gateway to `host`, a route per port (istio.md R-B10)."""
    ordered = sorted(set(ports))
    is_plain = ordered == [_HTTP_PORT]
    return _virtual_service(
        cluster,
        host,
        http_name(host),
        {
            "hosts": [host],
            "exportTo": ["."],
            "gateways": [f"{cluster.egress_namespace}/{http_gateway_name(gateway)}"],
            "http": [
                {
                    "name": f"p{port}",
                    **({} if is_plain else {"match": [_asked_for(host, port)]}),
                    "headers": {"request": {"remove": list(MESH_HEADERS)}},
                    "route": [_to(host, port)],
                }
                for port in ordered
            ],
        },
    )


def door_leg(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    *,
    host: str,
    port: int,
    namespaces: Iterable[str],
) -> KubeObject:
    """Return what leads bytes from the doors of (host, port) to it (istio.md R-B11).

    `namespaces` are those with a door.
    """
    name = door_name(host, port)
    return _virtual_service(
        cluster,
        host,
        name,
        {
            "hosts": [door(host, port, namespace) for namespace in sorted(set(namespaces))],
            "exportTo": ["."],
            "gateways": [f"{cluster.egress_namespace}/{name}"],
            "tcp": [{"match": [{"port": gateway.tls_port}], "route": [_to(host, port)]}],
        },
    )


class _ToGateway:
    """Routes by which the proxy of a client reaches one gateway."""

    def __init__(self, service: str, gateway: GatewayProfile) -> None:
        self._service = service
        self._gateway = gateway

    def http(self, destination: Destination) -> dict[str, Any]:
        host, port = destination.host, destination.port
        return {
            "name": f"p{port}",
            "match": [{"port": port}],
            "rewrite": {"authority": _authority(host, port)},
            "route": [_to(self._service, self._gateway.http_port, HTTP_SUBSET)],
        }

    def tls(self, destination: Destination) -> dict[str, Any]:
        match = {"port": destination.port, "sniHosts": [destination.host]}
        return {"match": [match], "route": [self._to_door(destination)]}

    def tcp(self, destination: Destination) -> dict[str, Any]:
        return {"match": [{"port": destination.port}], "route": [self._to_door(destination)]}

    def _to_door(self, destination: Destination) -> dict[str, Any]:
        subset = subset_name(destination.host, destination.port)
        return _to(self._service, self._gateway.tls_port, subset)


def _asked_for(host: str, port: int) -> dict[str, Any]:
    # Not `exact`: a policy's hosts ignore case, so an exact match would let the holder of one
    # port reach the route of another by writing the host in capitals.
    suffix = f"(:{port})?" if port == _HTTP_PORT else f":{port}"
    escaped = host.replace(".", r"\.")
    return {"authority": {"regex": f"(?i){escaped}{suffix}"}}


def _to(host: str, port: int, subset: str = "") -> dict[str, Any]:
    chosen = {"subset": subset} if subset else {}
    return {"destination": {"host": host, "port": {"number": port}, **chosen}}


def _virtual_service(
    cluster: ClusterProfile, host: str, name: str, spec: dict[str, Any]
) -> KubeObject:
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": name,
                "namespace": cluster.egress_namespace,
                "labels": labels(cluster, host),
            },
            "spec": spec,
        }
    )
