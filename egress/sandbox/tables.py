"""Objects as rows of a table (`kubectl get`) and as metadata only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from egress.sandbox.columns import Column
from egress.sandbox.kinds import Kind
from egress.sandbox.records import Record

NAME = Column("Name", ".metadata.name", description="Name of the object.", format="name")
META = "meta.k8s.io/v1"
_STEP = re.compile(r'\.?([A-Za-z]+)|\[\?\(@\.(\w+)=="([^"]*)"\)\]|\[(\*)\]')


def table(
    kind: Kind,
    records: Iterable[Record],
    metadata: Mapping[str, Any],
    now: datetime,
    *,
    headed: bool = True,
    include: str = "Metadata",
) -> dict[str, Any]:
    """Return a Table. `include` says how much of each object is in it: None, Metadata, Object."""
    columns = (NAME, *kind.columns)
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": dict(metadata),
        "columnDefinitions": [_definition(column) for column in columns] if headed else None,
        "rows": [_row(columns, record, now, include) for record in records],
    }


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(
    columns: tuple[Column, ...], record: Record, now: datetime, include: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": [_cell(column, record.obj, now) for column in columns]}
    if include == "Object":
        row["object"] = record.obj
    elif include != "None":
        row["object"] = partial(record.obj)
    return row


def partial(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": obj["metadata"]}


def _cell(column: Column, obj: Mapping[str, Any], now: datetime) -> Any:
    computed = _COMPUTED.get(column.path)
    if computed is not None:
        return computed(obj)
    value = at_path(obj, column.path)
    if column.type == "date":
        return age(str(value), now) if value else "<unknown>"
    if column.type == "integer":
        return value or 0
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def at_path(obj: Mapping[str, Any], path: str) -> Any:
    """Return what a small JSONPath finds first: names, `[*]` and `[?(@.a=="b")]`."""
    value: Any = obj
    for name, field, wanted, star in _STEP.findall(path):
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
        elif isinstance(value, list):
            fits = [item for item in value if star or item.get(field) == wanted]
            value = fits[0] if fits else None
        else:
            value = None
    return value


def age(since: str, now: datetime) -> str:
    """Return the time since a timestamp as kubectl writes it, such as `5m12s` or `3d`."""
    then = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(0, int((now - then).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _pair(days // 365, "y", days % 365, "d")


def _pair(more: int, unit: str, less: int, smaller: str) -> str:
    return f"{more}{unit}{less}{smaller}" if less else f"{more}{unit}"


def _list(obj: Mapping[str, Any], *path: str) -> list[Any]:
    value: Any = obj
    for name in path:
        value = (value or {}).get(name)
    return value or []


def _pod_ready(obj: Mapping[str, Any]) -> str:
    statuses = _list(obj, "status", "containerStatuses")
    ready = sum(bool(status.get("ready")) for status in statuses)
    return f"{ready}/{len(_list(obj, 'spec', 'containers'))}"


def _pod_status(obj: Mapping[str, Any]) -> str:
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    return str((obj.get("status") or {}).get("phase", "Unknown"))


def _pod_restarts(obj: Mapping[str, Any]) -> str:
    statuses = _list(obj, "status", "containerStatuses")
    return str(sum(status.get("restartCount", 0) for status in statuses))


def _service_external(obj: Mapping[str, Any]) -> str:
    spec = obj.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName"))
    addresses = [a.get("ip") for a in _list(obj, "status", "loadBalancer", "ingress")]
    return ",".join(spec.get("externalIPs") or addresses) or "<none>"


def _ports(ports: list[Any]) -> str:
    return ",".join(f"{p.get('port')}/{p.get('protocol', 'TCP')}" for p in ports) or "<none>"


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or "<none>"


def _endpoints(obj: Mapping[str, Any]) -> str:
    addresses = [a for e in obj.get("endpoints") or [] for a in e.get("addresses", [])]
    return ",".join(addresses[:3]) + (" + more..." if len(addresses) > 3 else "") or "<unset>"


def _involved(obj: Mapping[str, Any]) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


_COMPUTED: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "pod:ready": _pod_ready,
    "pod:status": _pod_status,
    "pod:restarts": _pod_restarts,
    "service:external": _service_external,
    "service:ports": lambda obj: _ports(_list(obj, "spec", "ports")),
    "service:selector": lambda obj: _labels((obj.get("spec") or {}).get("selector")),
    "deployment:ready": lambda obj: (
        f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 1)}"
    ),
    "policy:pods": lambda obj: _labels(at_path(obj, ".spec.podSelector.matchLabels")),
    "binding:role": lambda obj: f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}",
    "slice:ports": lambda obj: (
        ",".join(str(p.get("port")) for p in obj.get("ports") or []) or "<unset>"
    ),
    "slice:endpoints": _endpoints,
    "event:object": _involved,
    "data:count": lambda obj: str(len(obj.get("data") or {}) + len(obj.get("binaryData") or {})),
}
