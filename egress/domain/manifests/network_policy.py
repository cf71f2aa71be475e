"""NetworkPolicies: the ways that are left for pods which avoid their proxy (istio.md 7)."""

from collections.abc import Iterable, Sequence
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile
from egress.domain.naming import NETWORK_POLICY_NAME, labels
from egress.domain.objects import KubeObject, with_content_hash

API_VERSION = "networking.k8s.io/v1"
KIND = "NetworkPolicy"
WAYPOINT_POD_LABEL = "gateway.networking.k8s.io/gateway-name"
_MONITORING = "monitoring"
_DNS_PORT = 53
_ISTIOD_PORT = 15012
_HBONE_PORT = 15008
_TELEMETRY_PORTS = (15020, 15090)
_NOT_PUBLIC_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
# No IPv4-mapped range: API servers refuse those.
_NOT_PUBLIC_V6 = ("::/96", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8")

Rule = dict[str, Any]


def client_policy(cluster: ClusterProfile, namespace: str, enforcement: Enforcement) -> KubeObject:
    """Return what pods of `namespace` may reach at all; what comes in is not touched.

    Under `sidecar` enforcement the pods themselves go to the Internet, so only private and
    link-local addresses outside the cluster are closed.
    """
    ways = {
        Enforcement.SIDECAR: [_istiod(cluster), _internet()],
        Enforcement.GATEWAY: [_istiod(cluster), *_gateways(cluster)],
        Enforcement.AMBIENT: [_waypoint(cluster)],
    }
    rest_of_the_cluster: Rule = {"to": [{"namespaceSelector": {}}]}
    egress = [_dns(), *ways[enforcement], rest_of_the_cluster]
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    return _policy(cluster, namespace, NETWORK_POLICY_NAME, spec)


def gateway_policy(cluster: ClusterProfile, gateway: GatewayProfile) -> KubeObject:
    """Return what the pods of an egress gateway may be asked by, and may reach."""
    ports = (gateway.http_container_port, gateway.tls_container_port)
    pods = {"istio": gateway.istio_label}
    return _proxy_policy(cluster, f"egressgateway{gateway.suffix}", pods, ports)


def waypoint_policy(cluster: ClusterProfile) -> KubeObject:
    """Return what the pods of the waypoint may be asked by, and may reach."""
    pods = {WAYPOINT_POD_LABEL: cluster.waypoint}
    return _proxy_policy(cluster, cluster.waypoint, pods, (_HBONE_PORT,))


def _proxy_policy(
    cluster: ClusterProfile, name: str, pods: dict[str, str], ports: Sequence[int]
) -> KubeObject:
    spec = {
        "podSelector": {"matchLabels": pods},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            # Doors and policies decide who gets through.
            {"from": [{"namespaceSelector": {}}], "ports": _tcp(ports)},
            {"from": [_pods_in(_MONITORING)], "ports": _tcp(_TELEMETRY_PORTS)},
        ],
        "egress": [_dns(), _istiod(cluster), _internet()],
    }
    return _policy(cluster, cluster.egress_namespace, name, spec)


def _policy(cluster: ClusterProfile, namespace: str, name: str, spec: dict[str, Any]) -> KubeObject:
    return with_content_hash(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "namespace": namespace, "labels": labels(cluster)},
            "spec": spec,
        }
    )


def _dns() -> Rule:
    ports = [{"protocol": protocol, "port": _DNS_PORT} for protocol in ("UDP", "TCP")]
    return {"to": [_pods_in("kube-system", {"k8s-app": "kube-dns"})], "ports": ports}


def _istiod(cluster: ClusterProfile) -> Rule:
    peer = _pods_in(cluster.root_namespace, {"app": "istiod"})
    return {"to": [peer], "ports": _tcp([_ISTIOD_PORT])}


def _waypoint(cluster: ClusterProfile) -> Rule:
    peer = _pods_in(cluster.egress_namespace, {WAYPOINT_POD_LABEL: cluster.waypoint})
    return {"to": [peer], "ports": _tcp([_HBONE_PORT])}


def _gateways(cluster: ClusterProfile) -> list[Rule]:
    """Return a rule for each set of container ports, with a peer for each gateway that has them."""
    peers: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for gateway in cluster.gateways:
        ports = (gateway.http_container_port, gateway.tls_container_port)
        peer = _pods_in(cluster.egress_namespace, {"istio": gateway.istio_label})
        peers.setdefault(ports, []).append(peer)
    return [{"to": found, "ports": _tcp(ports)} for ports, found in peers.items()]


def _internet() -> Rule:
    blocks = (("0.0.0.0/0", _NOT_PUBLIC_V4), ("::/0", _NOT_PUBLIC_V6))
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(out)}} for cidr, out in blocks]}


def _pods_in(namespace: str, pods: dict[str, str] | None = None) -> dict[str, Any]:
    peer: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    }
    return peer | ({"podSelector": {"matchLabels": pods}} if pods else {})


def _tcp(ports: Iterable[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
