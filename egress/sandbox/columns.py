"""The columns of `kubectl get`, kind by kind.

Paths that start with a word and a colon are computed (tables.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`: `path` is a small JSONPath, `priority` above 0 means wide only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0
    description: str = ""
    format: str = ""


AGE = Column("Age", ".metadata.creationTimestamp", "date", description="Time since creation.")


POD_COLUMNS = (
    Column("Ready", "pod:ready", description="Containers that are ready, of all."),
    Column("Status", "pod:status", description="What the pod is doing."),
    Column("Restarts", "pod:restarts", description="How often containers were restarted."),
    AGE,
    Column("IP", ".status.podIP", priority=1, description="Address of the pod."),
    Column("Node", ".spec.nodeName", priority=1, description="Node that runs the pod."),
)
SERVICE_COLUMNS = (
    Column("Type", ".spec.type", description="How the service is exposed."),
    Column("Cluster-IP", ".spec.clusterIP", description="Address inside the cluster."),
    Column("External-IP", "service:external", description="Address or name outside."),
    Column("Port(s)", "service:ports", description="Ports and protocols."),
    AGE,
    Column("Selector", "service:selector", priority=1, description="Labels of its pods."),
)
DEPLOYMENT_COLUMNS = (
    Column("Ready", "deployment:ready", description="Ready replicas, of those wanted."),
    Column("Up-to-date", ".status.updatedReplicas", "integer", description="Current replicas."),
    Column("Available", ".status.availableReplicas", "integer", description="Usable replicas."),
    AGE,
)
ROLE_REF = Column("Role", "binding:role", description="Role that the binding gives.")
EVENT_COLUMNS = (
    Column("Last Seen", ".lastTimestamp", "date", description="Time since the last one."),
    Column("Type", ".type", description="Normal or Warning."),
    Column("Reason", ".reason", description="Why, in one word."),
    Column("Object", "event:object", description="What it is about."),
    Column("Message", ".message", description="What happened."),
)
SLICE_COLUMNS = (
    Column("AddressType", ".addressType", description="IPv4, IPv6 or FQDN."),
    Column("Ports", "slice:ports", description="Ports of the endpoints."),
    Column("Endpoints", "slice:endpoints", description="Addresses of the endpoints."),
    AGE,
)
