"""An egress gateway as bootstrap installs one, and the same as values of Istio's gateway chart."""

from typing import Any

import yaml

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.naming import labels
from egress.domain.objects import KubeObject

REPLICAS = 2
PROXY_CONFIG_ANNOTATION = "proxy.istio.io/config"
_PROXY_CONFIG: dict[str, Any] = {
    # Otherwise the client's certificate, pod names and addresses are sent to outside servers.
    "gatewayTopology": {"forwardClientCertDetails": "SANITIZE"},
    "proxyHeaders": {
        "metadataExchangeHeaders": {"mode": "IN_MESH"},
        "attemptCount": {"disabled": True},
    },
}


def release_name(cluster: ClusterProfile, gateway: GatewayProfile) -> str:
    """Return the name of a gateway's Service, Deployment and chart release."""
    return cluster.service_of(gateway).partition(".")[0]


def gateway_workload(cluster: ClusterProfile, gateway: GatewayProfile) -> list[KubeObject]:
    """Return service account, Service and Deployment of one egress gateway (istio.md 3.3)."""
    name = release_name(cluster, gateway)
    pods = {"app": name, "istio": gateway.istio_label}
    metadata = {
        "name": name,
        "namespace": cluster.egress_namespace,
        "labels": labels(cluster) | pods,
    }
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "ClusterIP", "selector": pods, "ports": _service_ports(gateway)},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": pods},
                "template": _template(name, pods, gateway),
            },
        },
    ]


def helm_values(gateway: GatewayProfile) -> str:
    """Return values for Istio's gateway chart, as YAML; the release has the gateway's name."""
    values = {
        "labels": {"istio": gateway.istio_label},
        "service": {"type": "ClusterIP", "ports": _service_ports(gateway)},
        "podAnnotations": {PROXY_CONFIG_ANNOTATION: _proxy_config()},
        "autoscaling": {"minReplicas": REPLICAS},
    }
    return yaml.safe_dump(values, sort_keys=False)


def _service_ports(gateway: GatewayProfile) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "port": port,
            "targetPort": target,
            "protocol": "TCP",
        }
        for name, port, target in (
            ("http2", gateway.http_port, gateway.http_container_port),
            ("tls", gateway.tls_port, gateway.tls_container_port),
        )
    ]


def _proxy_config() -> str:
    return yaml.safe_dump(_PROXY_CONFIG, sort_keys=False)


def _template(name: str, pods: dict[str, str], gateway: GatewayProfile) -> dict[str, Any]:
    container = {
        "name": "istio-proxy",
        # istiod puts its own proxy image in place of "auto".
        "image": "auto",
        "ports": [
            {"name": "http2", "containerPort": gateway.http_container_port, "protocol": "TCP"},
            {"name": "tls", "containerPort": gateway.tls_container_port, "protocol": "TCP"},
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        },
    }
    return {
        "metadata": {
            "labels": pods | {"sidecar.istio.io/inject": "true"},
            "annotations": {
                "inject.istio.io/templates": "gateway",
                PROXY_CONFIG_ANNOTATION: _proxy_config(),
            },
        },
        "spec": {
            "serviceAccountName": name,
            "securityContext": {"runAsNonRoot": True},
            "containers": [container],
        },
    }
