"""Names in a namespace for what lies outside: Services and what stands behind them (istio.md 6)."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from egress.domain.access import ClusterProfile, Protocol
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import alias_name, fixed_address_name, labels, port_name
from egress.domain.objects import KubeObject, with_content_hash

EXPORT_ANNOTATION = "networking.istio.io/exportTo"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
SLICE_MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
SLICE_MANAGED_BY = "egress-portal"
_HTTP_PORT = 80


def external_name(cluster: ClusterProfile, namespace: str, alias: str, host: str) -> KubeObject:
    """Return the Service that makes `alias` another name of `host`. It has no ports on purpose.

    Istio ignores them, and an entry for `host` has to be visible to the namespace anyway.
    """
    return with_content_hash(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": alias, "namespace": namespace, "labels": labels(cluster, host)},
            "spec": {"type": "ExternalName", "externalName": host},
        }
    )


def alias_route(
    cluster: ClusterProfile, namespace: str, host: str, ports: Sequence[int]
) -> KubeObject:
    """Return the VirtualService that gives requests made by an alias the authority of `host`.

    `ports` are all HTTP ports of `host` that the namespace may use: the alias is one of each.
    """
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": "VirtualService",
            "metadata": {
                "name": alias_name(host),
                "namespace": namespace,
                "labels": labels(cluster, host),
            },
            "spec": {
                "hosts": [host],
                "exportTo": ["."],
                "gateways": ["mesh"],
                "http": [_route(host, port) for port in sorted(set(ports))],
            },
        }
    )


def _route(host: str, port: int) -> dict[str, Any]:
    return {
        "match": [{"port": port}],
        "rewrite": {"authority": host if port == _HTTP_PORT else f"{host}:{port}"},
        "route": [{"destination": {"host": host, "port": {"number": port}}}],
    }


def fixed_address(
    cluster: ClusterProfile,
    namespace: str,
    alias: str,
    *,
    ports: Mapping[int, Protocol],
    addresses: Sequence[str],
    server: str = "",
    host: str | None = None,
) -> list[KubeObject]:
    """Return the Service `alias`, its EndpointSlice and its DestinationRule.

    `addresses` are of one family. `server` is the name that the certificate must carry when the
    sidecar originates TLS; empty when it passes bytes on as they come. `host` is the destination
    whose objects these are, None when several share them.
    """
    marks = labels(cluster, host)
    named = [(port_name(ports[port], port), port) for port in sorted(ports)]
    return [
        _service(namespace, alias, named, marks),
        _endpoints(namespace, alias, named, addresses, marks),
        _address_rule(cluster, namespace, alias, server, marks),
    ]


def _service(
    namespace: str, alias: str, ports: Sequence[tuple[str, int]], marks: dict[str, str]
) -> KubeObject:
    return with_content_hash(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": alias,
                "namespace": namespace,
                "labels": dict(marks),
                # Without it every proxy of the mesh would know the way out.
                "annotations": {EXPORT_ANNOTATION: "."},
            },
            "spec": {
                "ports": [
                    {"name": name, "port": port, "targetPort": port, "protocol": "TCP"}
                    for name, port in ports
                ]
            },
        }
    )


def _endpoints(
    namespace: str,
    alias: str,
    ports: Sequence[tuple[str, int]],
    addresses: Sequence[str],
    marks: dict[str, str],
) -> KubeObject:
    # Without the second label Kubernetes' own controller would delete it.
    bound = {SERVICE_NAME_LABEL: alias, SLICE_MANAGED_BY_LABEL: SLICE_MANAGED_BY}
    return with_content_hash(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": fixed_address_name(alias),
                "namespace": namespace,
                "labels": marks | bound,
            },
            "addressType": f"IPv{ipaddress.ip_address(addresses[0]).version}",
            "ports": [{"name": name, "port": port, "protocol": "TCP"} for name, port in ports],
            "endpoints": [
                {"addresses": [address], "conditions": {"ready": True}} for address in addresses
            ],
        }
    )


def _address_rule(
    cluster: ClusterProfile, namespace: str, alias: str, server: str, marks: dict[str, str]
) -> KubeObject:
    """Return what is spoken to the addresses: without it a mesh-wide rule may demand mTLS."""
    tls: dict[str, Any] = {"mode": "DISABLE"}
    if server:
        tls = {"mode": "SIMPLE", "sni": server, "subjectAltNames": [server]}
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": "DestinationRule",
            "metadata": {
                "name": fixed_address_name(alias),
                "namespace": namespace,
                "labels": dict(marks),
            },
            "spec": {
                "host": f"{alias}.{namespace}.svc.{cluster.cluster_domain}",
                "exportTo": ["."],
                "trafficPolicy": {"tls": tls},
            },
        }
    )
