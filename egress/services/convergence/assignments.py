"""Which egress gateway serves a host: chosen once, by the room that is left (istio.md 11.2)."""

from collections.abc import Iterable, Mapping

import structlog
from django.db import transaction

from egress.domain.access import Enforcement, GatewayProfile, Protocol
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Cluster, Grant, HostAssignment, OwnedObject
from egress.selectors.slices import inventory_of_namespaces, profile_for

logger = structlog.get_logger(__name__)
_HTTP = [protocol.value for protocol in Protocol if protocol.is_http_family]


def assign(cluster: Cluster, hosts: Iterable[str]) -> None:
    """Give each host without a gateway the first one with room, or else the first.

    A host that has one keeps it, so that a further gateway moves nobody.
    """
    known = HostAssignment.objects.filter(cluster=cluster)
    missing = sorted(set(hosts) - set(known.values_list("host", flat=True)))
    if not missing:
        return
    gateways = profile_for(cluster, ()).gateways
    used = _used(cluster) if len(gateways) > 1 else ({}, {})
    for host in missing:
        chosen = _with_room(gateways, *used) or gateways[0]
        for count in used:
            # What the host will need there is not known yet: at least one of either.
            count[chosen.id] = count.get(chosen.id, 0) + 1
        with transaction.atomic():
            _, is_new = HostAssignment.objects.get_or_create(
                cluster=cluster, host=host, defaults={"gateway": chosen.id}
            )
        if is_new:
            logger.info("host_assigned", cluster=cluster.name, host=host, gateway=chosen.id)


def forget_unused(cluster: Cluster, host: str) -> None:
    """Drop the gateway of a host that nothing is granted, suspended or left of."""
    grants = Grant.objects.filter(cluster=cluster, host=host, confirmed_at=None)
    left = OwnedObject.objects.filter(cluster=cluster, slice__key=f"host:{host}")
    if not grants.exists() and not left.exists():
        HostAssignment.objects.filter(cluster=cluster, host=host).delete()


def _with_room(
    gateways: Iterable[GatewayProfile], doors: Mapping[str, int], http_hosts: Mapping[str, int]
) -> GatewayProfile | None:
    for gateway in gateways:
        has_doors = doors.get(gateway.id, 0) < gateway.max_doors
        if has_doors and http_hosts.get(gateway.id, 0) < gateway.max_http_hosts:
            return gateway
    return None


def _used(cluster: Cluster) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many doors and how many HTTP hosts each gateway has, by its id."""
    profile = profile_for(cluster, None)
    inventory = inventory_of_namespaces(cluster, None)
    rows = Grant.objects.filter(cluster=cluster, status__in=sorted(OPEN_GRANT_STATUSES))
    places = rows.values_list("host", "port", "namespace", "protocol").distinct()
    doors: dict[str, int] = {}
    http: dict[str, set[str]] = {}
    for host, _, namespace, protocol in set(places):
        gateway = profile.assignments.get(host)
        if gateway is None:
            continue
        if inventory.enforcement_of(namespace, profile) is not Enforcement.GATEWAY:
            continue
        if protocol in _HTTP:
            http.setdefault(gateway, set()).add(host)
        else:
            doors[gateway] = doors.get(gateway, 0) + 1
    return doors, {gateway: len(hosts) for gateway, hosts in http.items()}
