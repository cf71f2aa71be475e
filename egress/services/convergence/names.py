"""The names of the objects that a grant is part of, by which it fails or is seen to be gone."""

from egress.domain.access import ClusterProfile, Enforcement, Inventory
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import (
    SIDECAR_NAME,
    alias_name,
    base,
    client_rule_name,
    door_name,
    fixed_address_name,
    http_name,
    mesh_name,
    origination_name,
)
from egress.domain.objects import ObjectKey
from egress.domain.slices import is_central
from egress.models import Grant

SECURITY_V1 = "security.istio.io/v1"
DISCOVERY_V1 = "discovery.k8s.io/v1"


def keys_of(grant: Grant, cluster: ClusterProfile, inventory: Inventory) -> frozenset[ObjectKey]:
    """Return the objects without which a grant is not in force, under its present enforcement.

    Some of them may not be there by right: only originated ports have a rule of their own.
    """
    enforcement = inventory.enforcement_of(grant.namespace, cluster)
    if grant.destination.is_fixed_address:
        return _fixed_address(grant)
    if enforcement is Enforcement.SIDECAR:
        place = cluster.egress_namespace if is_central(grant.access, cluster) else grant.namespace
        found = _entry(grant, place)
        if is_central(grant.access, cluster):
            found.add(ObjectKey(NETWORKING_V1, "Sidecar", grant.namespace, SIDECAR_NAME))
        return frozenset(found)
    found = _entry(grant, cluster.egress_namespace)
    if enforcement is Enforcement.GATEWAY:
        return frozenset(found | _way_to_the_gateway(grant, cluster) | _behind(grant, cluster))
    found.add(ObjectKey(SECURITY_V1, "AuthorizationPolicy", cluster.egress_namespace, _base(grant)))
    return frozenset(found)


def deciding_keys(
    grant: Grant, cluster: ClusterProfile, inventory: Inventory
) -> frozenset[ObjectKey]:
    """Return the objects that decide whether the access of a grant is open: see `openings`."""
    kinds = ("ServiceEntry", "Gateway", "AuthorizationPolicy", "Service", "EndpointSlice")
    return frozenset(key for key in keys_of(grant, cluster, inventory) if key.kind in kinds)


def alias_keys_of(grant: Grant) -> frozenset[ObjectKey]:
    """Return the objects that make the alias of a grant a name of its host, none without one."""
    if not grant.alias or grant.destination.is_fixed_address:
        return frozenset()
    return frozenset(
        {
            ObjectKey("v1", "Service", grant.namespace, grant.alias),
            ObjectKey(NETWORKING_V1, "VirtualService", grant.namespace, alias_name(grant.host)),
        }
    )


def client_rule_key(cluster: ClusterProfile, host: str, namespace: str) -> ObjectKey:
    """Return the rule by which `namespace` reaches the gateway of `host`."""
    gateway = cluster.gateway_of(host)
    place = namespace if cluster.rules_at_clients else cluster.egress_namespace
    name = client_rule_name(namespace, gateway.id)
    return ObjectKey(NETWORKING_V1, "DestinationRule", place, name)


def _base(grant: Grant) -> str:
    return base(grant.host)


def _entry(grant: Grant, place: str) -> set[ObjectKey]:
    return {
        ObjectKey(NETWORKING_V1, "ServiceEntry", place, _base(grant)),
        ObjectKey(NETWORKING_V1, "DestinationRule", place, origination_name(grant.host)),
    }


def _fixed_address(grant: Grant) -> frozenset[ObjectKey]:
    behind = fixed_address_name(grant.alias)
    return frozenset(
        {
            ObjectKey("v1", "Service", grant.namespace, grant.alias),
            ObjectKey(DISCOVERY_V1, "EndpointSlice", grant.namespace, behind),
            ObjectKey(NETWORKING_V1, "DestinationRule", grant.namespace, behind),
        }
    )


def _way_to_the_gateway(grant: Grant, cluster: ClusterProfile) -> set[ObjectKey]:
    place = cluster.egress_namespace
    found = {ObjectKey(NETWORKING_V1, "VirtualService", place, mesh_name(grant.host))}
    try:
        found.add(client_rule_key(cluster, grant.host, grant.namespace))
    except LookupError:
        # Refused with a reason of its own: nothing is rendered for an unknown gateway.
        return found
    return found


def _behind(grant: Grant, cluster: ClusterProfile) -> set[ObjectKey]:
    place, host = cluster.egress_namespace, grant.host
    if grant.destination.protocol.is_http_family:
        return {
            ObjectKey(SECURITY_V1, "AuthorizationPolicy", place, base(host)),
            ObjectKey(NETWORKING_V1, "VirtualService", place, http_name(host)),
        }
    name = door_name(host, grant.port)
    return {
        ObjectKey(NETWORKING_V1, "Gateway", place, name),
        ObjectKey(NETWORKING_V1, "VirtualService", place, name),
    }
