"""What the server itself fills in for built-in kinds, beyond what a schema can say.

`defaulted` runs before ownership is computed (a creator then owns the value), `created` and
`replaced` after it (nobody owns the value). Custom kinds pass through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from egress.sandbox.kinds import Kind
from egress.sandbox.store import Store

SERVICE_RANGE = IPv4Network("10.96.0.0/12")
_ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")
Object = dict[str, Any]


def empty(kind: Kind) -> Object:
    """Return what a create is compared with: built-in kinds always have these parts."""
    if kind.custom:
        return {}
    return {"metadata": {}, "spec": {}, "status": {}}


def defaulted(kind: Kind, obj: Object) -> Object:
    """Return the object with what the server adds to it whatever the caller says."""
    if kind.resource == "namespaces":
        return _labelled_namespace(obj)
    return obj


def _labelled_namespace(obj: Object) -> Object:
    metadata = obj["metadata"]
    if not metadata.get("name"):
        return obj
    labels = (metadata.get("labels") or {}) | {"kubernetes.io/metadata.name": metadata["name"]}
    return obj | {"metadata": metadata | {"labels": labels}}


def owned(kind: Kind, obj: Object, given: Object) -> Object:
    """Return the part of a new object that its creator owns: not what the server allocates."""
    if kind.status:
        obj = {name: value for name, value in obj.items() if name != "status"}
    if kind.resource != "services":
        return obj
    named = given.get("spec") or {}
    spec = {k: v for k, v in obj["spec"].items() if k not in _ALLOCATED or k in named}
    return obj | {"spec": spec}


def created(kind: Kind, obj: Object, store: Store) -> Object:
    """Return the object as a create stores it: initial status, addresses."""
    if kind.resource == "namespaces":
        return obj | {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if kind.resource == "services":
        spec = obj["spec"] | _allocated(kind, obj["spec"], store)
        return obj | {"spec": spec, "status": {"loadBalancer": {}}}
    if kind.resource == "pods":
        return obj | {"status": {"phase": "Pending", "qosClass": "BestEffort"}}
    return obj if kind.custom or not kind.status else obj | {"status": {}}


def _allocated(kind: Kind, spec: Object, store: Store) -> Object:
    if spec["type"] == "ExternalName":
        return {}
    address = spec.get("clusterIP") or next(_free_addresses(kind, store))
    return {"clusterIP": address, "clusterIPs": [address]}


def _free_addresses(kind: Kind, store: Store) -> Iterator[str]:
    used = {record.obj["spec"].get("clusterIP") for record in store.records(kind)}
    return (str(host) for host in SERVICE_RANGE.hosts() if str(host) not in used)


def replaced(kind: Kind, obj: Object, live: Object, store: Store) -> Object:
    """Return the object as an update stores it: what was allocated stays."""
    if kind.resource == "namespaces":
        return obj | {"spec": live["spec"]}
    if kind.resource != "services":
        return obj
    before, spec = live["spec"], obj["spec"]
    if spec["type"] == "ExternalName":
        return obj | {"spec": {k: v for k, v in spec.items() if k not in _ALLOCATED}}
    kept = {name: before[name] for name in _ALLOCATED if name in before and not spec.get(name)}
    return obj | {"spec": spec | (kept or _allocated(kind, spec, store))}
