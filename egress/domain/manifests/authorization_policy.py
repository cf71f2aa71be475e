"""The AuthorizationPolicies of the egress gateway: ALLOW only, never DENY (istio.md 3.3, 3.7)."""

from collections.abc import Iterable, Mapping
from typing import Any

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.naming import DEFAULT_DENY_NAME, base, labels
from egress.domain.objects import KubeObject, with_content_hash

KIND = "AuthorizationPolicy"
SECURITY_V1 = "security.istio.io/v1"

_HTTP_PORT = 80


def host_policy(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    *,
    host: str,
    principals: Mapping[int, Iterable[str]],
) -> KubeObject:
    """Return who may send HTTP requests to `host`: one rule per port.

    `principals` maps each port of the host to the identities that may use it, five segments each.
    """
    rules = [
        _rule(
            principals[port],
            {"ports": [str(gateway.http_container_port)], "hosts": _authorities(host, port)},
        )
        for port in sorted(principals)
    ]
    return _policy(cluster, base(host), labels(cluster, host), _allow(gateway) | {"rules": rules})


def default_deny(cluster: ClusterProfile) -> KubeObject:
    """Return the policy without rules and selector that denies whatever no other one allows."""
    return _policy(cluster, DEFAULT_DENY_NAME, labels(cluster), {})


def handshake(cluster: ClusterProfile, gateway: GatewayProfile) -> KubeObject:
    """Return the policy that lets through whom a door admitted in the handshake.

    It names the doors' port alone: with the HTTP port it would open every HTTP host to the mesh.
    """
    rule = _rule(["*"], {"ports": [str(gateway.tls_container_port)]})
    name = f"handshake{gateway.suffix}"
    return _policy(cluster, name, labels(cluster), _allow(gateway) | {"rules": [rule]})


def _authorities(host: str, port: int) -> list[str]:
    """Return the spellings of Host that mean `host` on `port`, and no other port (istio.md 3.7)."""
    with_port = f"{host}:{port}"
    return [host, with_port] if port == _HTTP_PORT else [with_port]


def _allow(gateway: GatewayProfile) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"istio": gateway.istio_label}}, "action": "ALLOW"}


def _rule(principals: Iterable[str], operation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "from": [{"source": {"principals": sorted(set(principals))}}],
        "to": [{"operation": dict(operation)}],
    }


def _policy(
    cluster: ClusterProfile, name: str, marks: Mapping[str, str], spec: Mapping[str, Any]
) -> KubeObject:
    return with_content_hash(
        {
            "apiVersion": SECURITY_V1,
            "kind": KIND,
            "metadata": {
                "name": name,
                "namespace": cluster.egress_namespace,
                "labels": dict(marks),
            },
            "spec": dict(spec),
        }
    )
