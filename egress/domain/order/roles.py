"""What an object is for, and which others it works with: read from kind and name (istio.md 1)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from egress.domain.naming import BASE_LABEL, CLIENT_PREFIX
from egress.domain.objects import ObjectKey


class Role(StrEnum):
    """The part that an object has in letting somebody reach a destination."""

    POLICY = "who may ask the gateway or waypoint for a host"
    DOORS = "who may pass a door"
    ENTRY = "what makes a host known"
    MESH_LEG = "the way from clients to the gateway"
    HTTP_LEG = "the way from the gateway to an HTTP host"
    DOOR_LEG = "the way from doors to their host"
    ORIGINATION = "what makes a proxy originate TLS"
    CLIENT_RULE = "the names by which a namespace asks the gateway"
    ALIAS_ROUTE = "what corrects the authority behind an alias"
    ALIAS = "a name in a namespace"
    ADDRESSES = "the fixed addresses behind an alias"
    ADDRESS_RULE = "how fixed addresses are spoken to"
    SIDECAR = "what a namespace may know"
    NETWORK_POLICY = "where packets of a namespace may go"
    OTHER = "something that this release does not write"


_OF_HOST = re.compile(r"(?P<base>eg-.*-[0-9a-f]{10})(?P<part>-mesh|-http|-orig|-alias|-p\d+)?")
_ADDRESS_SUFFIX = "-eg"
_ISTIO_NETWORKING = "networking.istio.io/"

_BY_KIND = {
    "AuthorizationPolicy": Role.POLICY,
    "Gateway": Role.DOORS,
    "ServiceEntry": Role.ENTRY,
    "Service": Role.ALIAS,
    "EndpointSlice": Role.ADDRESSES,
    "Sidecar": Role.SIDECAR,
    "NetworkPolicy": Role.NETWORK_POLICY,
}
_ROUTES = {"mesh": Role.MESH_LEG, "http": Role.HTTP_LEG, "alias": Role.ALIAS_ROUTE}
_SUFFIXES = {
    Role.MESH_LEG: "-mesh",
    Role.HTTP_LEG: "-http",
    Role.ALIAS_ROUTE: "-alias",
    Role.ORIGINATION: "-orig",
    Role.ENTRY: "",
    Role.POLICY: "",
}


def role_of(key: ObjectKey) -> Role:
    """Return the role of an object of ours."""
    if key.kind == "Gateway" and not key.api_version.startswith(_ISTIO_NETWORKING):
        return Role.OTHER
    if key.kind == "VirtualService":
        return _route_role(key.name)
    if key.kind == "DestinationRule":
        return _rule_role(key.name)
    return _BY_KIND.get(key.kind, Role.OTHER)


def _route_role(name: str) -> Role:
    part = _part(name)
    return _ROUTES.get(part, Role.DOOR_LEG) if part else Role.OTHER


def _rule_role(name: str) -> Role:
    if name.endswith(_ADDRESS_SUFFIX):
        return Role.ADDRESS_RULE
    if _part(name) == "orig":
        return Role.ORIGINATION
    return Role.CLIENT_RULE if name.startswith(CLIENT_PREFIX) else Role.OTHER


def _part(name: str) -> str:
    match = _OF_HOST.fullmatch(name)
    return (match["part"] or "").removeprefix("-") if match else ""


def base_of(key: ObjectKey) -> str:
    """Return what the names of all objects of the host begin with, empty for anything else."""
    if role_of(key) in (Role.CLIENT_RULE, Role.ADDRESS_RULE, Role.ADDRESSES, Role.ALIAS):
        return ""
    match = _OF_HOST.fullmatch(key.name)
    return match["base"] if match else ""


def base_label(obj: Mapping[str, Any] | None) -> str:
    """Return the base that the labels of an object name, empty without one."""
    labels = ((obj or {}).get("metadata") or {}).get("labels") or {}
    return str(labels.get(BASE_LABEL, ""))


def sibling(key: ObjectKey, role: Role, base: str = "") -> ObjectKey:
    """Return the key of the object with another role for the same host, in the same namespace."""
    kind, api_version = _KINDS[role]
    return ObjectKey(api_version, kind, key.namespace, (base or base_of(key)) + _SUFFIXES[role])


_NETWORKING_V1 = "networking.istio.io/v1"
_KINDS = {
    Role.MESH_LEG: ("VirtualService", _NETWORKING_V1),
    Role.HTTP_LEG: ("VirtualService", _NETWORKING_V1),
    Role.ALIAS_ROUTE: ("VirtualService", _NETWORKING_V1),
    Role.ORIGINATION: ("DestinationRule", _NETWORKING_V1),
    Role.ENTRY: ("ServiceEntry", _NETWORKING_V1),
    Role.POLICY: ("AuthorizationPolicy", "security.istio.io/v1"),
}


def alias_of(key: ObjectKey) -> str:
    """Return the alias that an object gives a meaning to, empty for other roles."""
    role = role_of(key)
    if role is Role.ALIAS:
        return key.name
    is_behind = role in (Role.ADDRESSES, Role.ADDRESS_RULE)
    return key.name.removesuffix(_ADDRESS_SUFFIX) if is_behind else ""


def name_key(key: ObjectKey) -> ObjectKey:
    """Return the key of the Service behind whose name fixed addresses stand."""
    return ObjectKey("v1", "Service", key.namespace, alias_of(key))


def addresses_key(key: ObjectKey) -> ObjectKey:
    """Return the key of the EndpointSlice behind an alias."""
    name = alias_of(key) + _ADDRESS_SUFFIX
    return ObjectKey("discovery.k8s.io/v1", "EndpointSlice", key.namespace, name)


def address_rule_key(key: ObjectKey) -> ObjectKey:
    """Return the key of the DestinationRule behind an alias."""
    return replace(addresses_key(key), api_version="networking.istio.io/v1", kind="DestinationRule")
