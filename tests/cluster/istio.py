"""Istio as a test finds it installed."""

from egress.cluster import kinds
from tests.cluster.sandboxes import Cluster

MESH = """
trustDomain: corp.example
trustDomainAliases: [old.example]
rootNamespace: istio-system
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
defaultConfig:
  proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}
defaultVirtualServiceExportTo: ["."]
"""


def install_istio(
    cluster: Cluster,
    *,
    namespace: str = "istio-system",
    image: str = "docker.io/istio/pilot:1.29.3",
    mesh: str | None = MESH,
    revision: str = "",
    env: dict[str, str] | None = None,
) -> None:
    """Put istiod's Deployment and mesh configuration into the cluster."""
    if cluster.gateway.get(kinds.NAMESPACE, "", namespace) is None:
        cluster.namespace(namespace)
    suffix = f"-{revision}" if revision else ""
    labels = {"app": "istiod", **({"istio.io/rev": revision} if revision else {})}
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    container = {"name": "discovery", "image": image, "env": variables}
    cluster.put(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"istiod{suffix}", "namespace": namespace, "labels": labels},
            "spec": {
                "selector": {"matchLabels": {"app": "istiod"}},
                "template": {
                    "metadata": {"labels": {"app": "istiod"}},
                    "spec": {"containers": [container]},
                },
            },
        }
    )
    if mesh is not None:
        cluster.put(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"istio{suffix}", "namespace": namespace},
                "data": {"mesh": mesh},
            }
        )
