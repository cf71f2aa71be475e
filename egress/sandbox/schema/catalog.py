"""All kinds the sandbox serves."""

from __future__ import annotations

from .core_access import (
    ADMISSION_BINDING,
    ADMISSION_POLICY,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from .core_network import ENDPOINT_SLICE, NETWORK_POLICY, SERVICE
from .core_objects import CONFIG_MAP, EVENT, NAMESPACE, SERVICE_ACCOUNT
from .core_workloads import DEPLOYMENT, POD
from .gateway_api import GATEWAY as KUBERNETES_GATEWAY
from .gateway_api import GATEWAY_CLASS
from .istio_entries import GATEWAY as ISTIO_GATEWAY
from .istio_entries import SERVICE_ENTRY, SIDECAR
from .istio_routes import VIRTUAL_SERVICE
from .istio_security import AUTHORIZATION_POLICY, PEER_AUTHENTICATION, REQUEST_AUTHENTICATION
from .istio_telemetry import TELEMETRY
from .istio_traffic import DESTINATION_RULE
from .node import Node


def _by_name(*nodes: Node) -> dict[tuple[str, str], Node]:
    return {(node.root.group, node.root.kind): node for node in nodes if node.root is not None}


KINDS = _by_name(
    SERVICE_ENTRY,
    SIDECAR,
    ISTIO_GATEWAY,
    VIRTUAL_SERVICE,
    DESTINATION_RULE,
    AUTHORIZATION_POLICY,
    PEER_AUTHENTICATION,
    REQUEST_AUTHENTICATION,
    TELEMETRY,
    KUBERNETES_GATEWAY,
    GATEWAY_CLASS,
    NAMESPACE,
    SERVICE_ACCOUNT,
    CONFIG_MAP,
    EVENT,
    SERVICE,
    ENDPOINT_SLICE,
    NETWORK_POLICY,
    POD,
    DEPLOYMENT,
    ROLE,
    CLUSTER_ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE_BINDING,
    ADMISSION_POLICY,
    ADMISSION_BINDING,
)
