"""The demo company's mesh: istiod, its configuration and an egress gateway."""

from __future__ import annotations

from typing import Any

import yaml

GATEWAY_LABELS = {"app": "egressgateway", "istio": "egressgateway"}
_PROXY_CONFIG = yaml.safe_dump(
    {
        "gatewayTopology": {"forwardClientCertDetails": "SANITIZE"},
        "proxyHeaders": {
            "metadataExchangeHeaders": {"mode": "IN_MESH"},
            "attemptCount": {"disabled": True},
        },
    }
)
_ISTIOD_ENV = {
    "REVISION": "default",
    "PILOT_SCOPE_GATEWAY_TO_NAMESPACE": "true",
    "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG": "true",
    "PILOT_ENABLE_IP_AUTOALLOCATE": "true",
    "CLUSTER_ID": "Kubernetes",
}


def istiod(version: str) -> dict[str, Any]:
    """Return istiod's Deployment."""
    labels = {"app": "istiod", "istio.io/rev": "default"}
    environment = [{"name": name, "value": value} for name, value in _ISTIOD_ENV.items()]
    container = {
        "name": "discovery",
        "image": f"docker.io/istio/pilot:{version}",
        "args": ["discovery", "--domain", "cluster.local"],
        "env": environment,
    }
    return _deployment(
        "istiod", labels, {"serviceAccountName": "istiod", "containers": [container]}
    )


def _deployment(
    name: str,
    labels: dict[str, str],
    pod_spec: dict[str, Any],
    *,
    replicas: int = 1,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": pod_spec}
    if annotations:
        template["metadata"]["annotations"] = annotations
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": labels["app"]}},
            "template": template,
        },
    }


def mesh_config() -> dict[str, Any]:
    """Return the ConfigMap with Istio's MeshConfig."""
    mesh = {
        "trustDomain": "cluster.local",
        "rootNamespace": "istio-system",
        "outboundTrafficPolicy": {"mode": "ALLOW_ANY"},
        "defaultConfig": {
            "discoveryAddress": "istiod.istio-system.svc:15012",
            "proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"},
        },
    }
    data = {"mesh": yaml.safe_dump(mesh, sort_keys=False), "meshNetworks": "networks: {}\n"}
    return {"metadata": {"name": "istio", "labels": {"istio.io/rev": "default"}}, "data": data}


def gateway_service() -> dict[str, Any]:
    """Return the egress gateway's Service, with the ports that its doors need."""
    ports = [
        {"name": "http2", "port": 80, "targetPort": 8080, "protocol": "TCP"},
        {"name": "tls", "port": 443, "targetPort": 8443, "protocol": "TCP"},
    ]
    return {
        "metadata": {"name": "egressgateway", "labels": GATEWAY_LABELS},
        "spec": {"type": "ClusterIP", "selector": GATEWAY_LABELS, "ports": ports},
    }


def gateway_pod_spec(image: str) -> dict[str, Any]:
    """Return what a pod of the egress gateway runs."""
    return {
        "serviceAccountName": "egressgateway",
        "containers": [{"name": "istio-proxy", "image": image}],
    }


def gateway_deployment(image: str) -> dict[str, Any]:
    """Return the egress gateway's Deployment."""
    return _deployment(
        "egressgateway",
        GATEWAY_LABELS,
        gateway_pod_spec(image),
        replicas=2,
        annotations={"proxy.istio.io/config": _PROXY_CONFIG},
    )
