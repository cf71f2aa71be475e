"""Objects as the portal writes them, one of each kind, and how a test looks at them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import Kind, KubeObject
from egress.cluster.ownership import owner_labels
from tests.cluster.sandboxes import Cluster

LABELS = owner_labels("contract")
NOBODYS_UID = "00000000-0000-0000-0000-000000000001"

SPECS: dict[Kind, dict[str, Any]] = {
    kinds.SERVICE_ENTRY: {
        "hosts": ["api.example.com"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
    },
    kinds.DESTINATION_RULE: {
        "host": "api.example.com",
        "exportTo": ["."],
        "trafficPolicy": {"tls": {"mode": "SIMPLE", "sni": "api.example.com"}},
    },
    kinds.SIDECAR: {"egress": [{"hosts": ["./*", "istio-system/*"]}]},
    kinds.VIRTUAL_SERVICE: {
        "hosts": ["api.example.com"],
        "http": [{"route": [{"destination": {"host": "api.example.com"}}]}],
    },
    kinds.GATEWAY: {
        "selector": {"istio": "egressgateway"},
        "servers": [
            {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["./x.test"]}
        ],
    },
    kinds.AUTHORIZATION_POLICY: {
        "action": "ALLOW",
        "rules": [{"to": [{"operation": {"ports": ["8080"]}}]}],
    },
}


def manifest(namespace: str, name: str = "eg-api", kind: Kind = kinds.SERVICE_ENTRY) -> KubeObject:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(LABELS)},
        "spec": copy.deepcopy(SPECS[kind]),
    }


def quiet(namespace: str) -> KubeObject:
    """Return an object whose version only we change: istiod writes to ServiceEntries."""
    return manifest(namespace, "default", kinds.SIDECAR)


def uid_of(obj: KubeObject) -> str:
    return str(obj["metadata"]["uid"])


def version_of(obj: KubeObject) -> str:
    return str(obj["metadata"]["resourceVersion"])


def refused(act: Callable[[], object]) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        act()
    error = caught.value
    assert error.message.startswith("Could not ")
    assert not error.outcome_unknown
    return error


def read(cluster: Cluster, obj: KubeObject) -> KubeObject:
    metadata = obj["metadata"]
    found = cluster.gateway.get(kinds.kind_of(obj), metadata["namespace"], metadata["name"])
    assert found is not None
    return found
