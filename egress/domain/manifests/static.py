"""What is laid down once per cluster before the first grant (istio.md 3.3, 5.1)."""

from collections.abc import Collection

from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.manifests.authorization_policy import (
    KIND as POLICY_KIND,
)
from egress.domain.manifests.authorization_policy import (
    SECURITY_V1,
    default_deny,
    handshake,
)
from egress.domain.manifests.gateway import http_gateway
from egress.domain.naming import labels
from egress.domain.objects import KubeObject, key_of, with_content_hash

GATEWAY_API_V1 = "gateway.networking.k8s.io/v1"
WAYPOINT_FOR_LABEL = "istio.io/waypoint-for"

_HBONE_PORT = 15008


def static_objects(
    cluster: ClusterProfile, *, enforcements: Collection[Enforcement]
) -> list[KubeObject]:
    """Return the static objects that `enforcements` need, in the order of their keys.

    Workloads, their Services and NetworkPolicies are not among them: an operator installs those.
    """
    found: list[KubeObject] = []
    if Enforcement.GATEWAY in enforcements:
        found.append(default_deny(cluster))
        for gateway in cluster.gateways:
            found += [http_gateway(cluster, gateway), handshake(cluster, gateway)]
    if Enforcement.AMBIENT in enforcements:
        found += [waypoint(cluster), waypoint_default_deny(cluster)]
    return sorted(found, key=key_of)


def waypoint(cluster: ClusterProfile) -> KubeObject:
    """Return the waypoint through which an ambient mesh reaches hosts outside."""
    return with_content_hash(
        {
            "apiVersion": GATEWAY_API_V1,
            "kind": "Gateway",
            "metadata": {
                "name": cluster.waypoint,
                "namespace": cluster.egress_namespace,
                "labels": labels(cluster) | {WAYPOINT_FOR_LABEL: "service"},
            },
            "spec": {
                "gatewayClassName": "istio-waypoint",
                "listeners": [{"name": "mesh", "port": _HBONE_PORT, "protocol": "HBONE"}],
            },
        }
    )


def waypoint_default_deny(cluster: ClusterProfile) -> KubeObject:
    """Return the policy that denies at the waypoint whatever no entry's own policy allows."""
    target = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": cluster.waypoint,
    }
    return with_content_hash(
        {
            "apiVersion": SECURITY_V1,
            "kind": POLICY_KIND,
            "metadata": {
                "name": f"{cluster.waypoint}-default-deny",
                "namespace": cluster.egress_namespace,
                "labels": labels(cluster),
            },
            "spec": {"targetRefs": [target]},
        }
    )
