"""DestinationRules: TLS that a proxy originates to a host, and a client's ways to a gateway."""

from collections.abc import Iterable
from typing import Any

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import (
    CLIENT_LABEL,
    HTTP_SNI,
    HTTP_SUBSET,
    client_rule_name,
    door,
    labels,
    origination_name,
    subset_name,
)
from egress.domain.objects import KubeObject, with_content_hash

KIND = "DestinationRule"


def origination_rule(
    cluster: ClusterProfile, namespace: str, host: str, ports: Iterable[int]
) -> KubeObject:
    """Return the DestinationRule that originates TLS to `host` on `ports`.

    Always both `sni` and `subjectAltNames`: with `sni` alone Istio checks no name in the
    certificate (istio.md R-B13).
    """
    tls = {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": origination_name(host),
                "namespace": namespace,
                "labels": labels(cluster, host),
            },
            "spec": {
                "host": host,
                "exportTo": ["."],
                "trafficPolicy": {
                    "portLevelSettings": [
                        {"port": {"number": port}, "tls": dict(tls)} for port in sorted(set(ports))
                    ]
                },
            },
        }
    )


def client_rule(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    *,
    namespace: str,
    doors: Iterable[tuple[str, int]],
) -> KubeObject:
    """Return by which outer SNI the proxies of `namespace` reach a gateway (istio.md 3.4).

    `doors` are the (host, port) pairs of its TLS and TCP grants on this gateway. The subset for
    HTTP is there without any HTTP grant, too, so that a first one changes the host's objects only.
    It lies in the client namespace when the cluster says so (R-B4).
    """
    named = sorted((subset_name(host, port), door(host, port, namespace)) for host, port in doors)
    is_at_client = cluster.rules_at_clients
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": client_rule_name(namespace, gateway.id),
                "namespace": namespace if is_at_client else cluster.egress_namespace,
                "labels": labels(cluster) | {CLIENT_LABEL: namespace},
            },
            "spec": {
                "host": cluster.service_of(gateway),
                "exportTo": ["." if is_at_client else namespace],
                "subsets": [_http_subset(), *(_door_subset(name, sni) for name, sni in named)],
            },
        }
    )


def _http_subset() -> dict[str, Any]:
    # Without useClientProtocol a WebSocket upgrade through the gateway fails.
    policy = {"connectionPool": {"http": {"useClientProtocol": True}}, "tls": _mutual(HTTP_SNI)}
    return {"name": HTTP_SUBSET, "trafficPolicy": policy}


def _door_subset(name: str, sni: str) -> dict[str, Any]:
    return {"name": name, "trafficPolicy": {"tls": _mutual(sni)}}


def _mutual(sni: str) -> dict[str, str]:
    # Without an explicit sni Envoy sends a name that no server of the gateway has (R-B2).
    return {"mode": "ISTIO_MUTUAL", "sni": sni}
