"""Addresses that istiod gives to the hosts of ServiceEntries, and waypoints it binds them to.

Source: the recording of istiod (`istiod-serviceentry.json`) and Istio's pages "DNS proxying"
and "waypoint".
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from egress.sandbox.kinds import GATEWAY, NAMESPACE, SERVICE_ENTRY
from egress.sandbox.records import Record
from egress.sandbox.store import Store

V4_BASE = IPv4Address("240.240.0.0")
V6_BASE = IPv6Address("2001:2::")
OPT_OUT = "networking.istio.io/enable-autoallocate-ip"
USE_WAYPOINT = "istio.io/use-waypoint"
WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace"
BOUND = "istio.io/WaypointBound"
GATEWAY_CLASSES = ("istio", "istio-waypoint")


class AddressPool:
    """Hands out one address pair after the other; a pair is not used again while this runs."""

    def __init__(self, store: Store) -> None:
        self._last = max(
            (
                int(ip_address(address["value"])) - int(V4_BASE)
                for record in store.records(SERVICE_ENTRY)
                for address in (record.obj.get("status") or {}).get("addresses") or []
                if ip_address(address["value"]).version == 4
            ),
            default=0,
        )

    def pair(self, host: str) -> list[dict[str, str]]:
        """Return the next IPv4 and IPv6 address for a host, as they stand in a status."""
        self._last += 1
        return [
            {"host": host, "value": str(V4_BASE + self._last)},
            {"host": host, "value": str(V6_BASE + self._last)},
        ]


def entry_status(store: Store, pool: AddressPool, record: Record) -> dict[str, Any]:
    """Return the status that istiod would write for a ServiceEntry; it may be the present one."""
    present = record.obj.get("status") or {}
    status = dict(present)
    addresses = _addresses(pool, record)
    if addresses is not None:
        status["addresses"] = addresses
    others = [c for c in present.get("conditions") or [] if c.get("type") != BOUND]
    bound = _binding(store, record)
    if bound is not None:
        others.append(bound)
    if others:
        status["conditions"] = others
    else:
        status.pop("conditions", None)
    return status


def _addresses(pool: AddressPool, record: Record) -> list[dict[str, str]] | None:
    spec = record.obj.get("spec") or {}
    labels = record.obj["metadata"].get("labels") or {}
    if spec.get("addresses") or spec.get("resolution", "NONE") == "NONE":
        return None
    if labels.get(OPT_OUT) == "false":
        return None
    given = (record.obj.get("status") or {}).get("addresses") or []
    addresses: list[dict[str, str]] = []
    for host in spec.get("hosts") or []:
        if host.startswith("*"):
            continue
        addresses += [a for a in given if a.get("host") == host] or pool.pair(host)
    return addresses or None


def _binding(store: Store, record: Record) -> dict[str, Any] | None:
    labels = dict(record.obj["metadata"].get("labels") or {})
    if USE_WAYPOINT not in labels:
        namespace = store.get(NAMESPACE, "", record.namespace)
        labels = (namespace.obj["metadata"].get("labels") or {}) if namespace else {}
    name = labels.get(USE_WAYPOINT, "none")
    if name in ("", "none"):
        return None
    where = labels.get(WAYPOINT_NAMESPACE, record.namespace)
    waypoint = store.get(GATEWAY, where, name)
    condition: dict[str, Any] = {"type": BOUND, "status": "True", "reason": "WaypointAccepted"}
    condition["message"] = f"Successfully attached to waypoint {where}/{name}"
    if waypoint is None:
        condition |= {"status": "False", "reason": "WaypointIsNotReady"}
        condition["message"] = f'waypoint "{where}/{name}" is not ready'
    before = next(
        (
            c
            for c in (record.obj.get("status") or {}).get("conditions") or []
            if c.get("type") == BOUND and c.get("status") == condition["status"]
        ),
        None,
    )
    condition["lastTransitionTime"] = before["lastTransitionTime"] if before else store.now()
    return condition


def gateway_status(store: Store, record: Record) -> dict[str, Any]:
    """Return the status that istiod would write for a Gateway of one of its classes."""
    present = record.obj.get("status") or {}
    if (record.obj.get("spec") or {}).get("gatewayClassName") not in GATEWAY_CLASSES:
        return present
    generation = record.obj["metadata"]["generation"]
    before = {condition["type"]: condition for condition in present.get("conditions") or []}
    conditions = [
        _condition(before.get("Accepted"), "Accepted", generation, store.now()),
        _condition(before.get("Programmed"), "Programmed", generation, store.now()),
    ]
    host = f"{record.name}.{record.namespace}.svc.cluster.local"
    addresses = [{"type": "Hostname", "value": host}]
    return present | {"conditions": conditions, "addresses": addresses}


def _condition(
    before: dict[str, Any] | None, kind: str, generation: int, now: str
) -> dict[str, Any]:
    condition = {
        "type": kind,
        "status": "True",
        "reason": kind,
        "message": f"Resource {kind.lower()}",
        "observedGeneration": generation,
    }
    kept = before is not None and before.get("status") == "True"
    since = before["lastTransitionTime"] if before is not None and kept else now
    return condition | {"lastTransitionTime": since}
