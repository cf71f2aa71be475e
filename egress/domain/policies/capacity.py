"""Room: of each egress gateway, and on each list of identities (istio.md 11.2, 11.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from egress.domain.access import Access, Destination, Enforcement, GatewayProfile, Wish
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.doors import is_door
from egress.domain.policies.finding import Finding, Level
from egress.domain.refusals.limits import (
    MAX_DOOR_CHARACTERS,
    MAX_IDENTITIES,
    MAX_PORTS,
    door_characters,
    policy_entries,
)
from egress.domain.wording import quoted

SUGGEST_NAMESPACE_AT = 200
_NEARLY_FULL_PERCENT = 80


def gateway_room(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse what exceeds the budget of an egress gateway, and warn before it is used up."""
    if context.enforcement_of(wish) is not Enforcement.GATEWAY:
        return
    for load in _added(wish, context).values():
        gateway = load.gateway
        yield from _judged(gateway, "doors", context.doors, len(load.doors), gateway.max_doors)
        yield from _judged(
            gateway, "HTTP hosts", context.http_hosts, len(load.hosts), gateway.max_http_hosts
        )


def identities(case: Case) -> Iterator[Finding]:
    """Keep lists of identities short: each request is compared with one after the other.

    A namespace is one entry of a policy; a door names each service account (R-B15).
    """
    subject, cluster = case.wish.subject, case.context.cluster
    if case.enforcement is Enforcement.SIDECAR:
        return
    listed = _listed(case)
    count = policy_entries(cluster, listed)
    host = quoted(case.destination.host)
    if is_door(case) and _fills_doors(case):
        yield case.refusal(
            "TooManyIdentities",
            f"The doors of {host} would list more identities than one object holds. Request it for "
            "the service account that needs it, or have grants of whole namespaces revoked.",
        )
    elif count > MAX_IDENTITIES and not is_door(case):
        yield case.refusal(
            "TooManyIdentities",
            f"The policy of {host} would name {quoted(count)} identities, and has room for "
            f"{MAX_IDENTITIES}. Request it for the namespace {quoted(subject.namespace)} in place "
            "of its service accounts, and have their grants revoked.",
        )
    elif count >= SUGGEST_NAMESPACE_AT and not subject.is_namespace:
        yield case.finding(
            "NamespaceGrantSuggested",
            f"{quoted(count)} identities may reach {host} one by one. Request it for the namespace "
            f"{quoted(subject.namespace)}, if all its workloads may.",
            Level.INFO,
        )


@dataclass
class _Added:
    """What a wish adds to one gateway."""

    gateway: GatewayProfile
    doors: set[tuple[str, int]] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)


def _added(wish: Wish, context: PolicyContext) -> dict[str, _Added]:
    found: dict[str, _Added] = {}
    for destination in wish.destinations:
        if _is_served(destination, wish, context):
            continue
        gateway = _gateway_for(destination.host, context)
        if gateway is None:
            continue
        added = found.setdefault(gateway.id, _Added(gateway))
        if destination.protocol.is_http_family:
            added.hosts.add(destination.host)
        else:
            added.doors.add((destination.host, destination.port))
    return found


def _is_served(destination: Destination, wish: Wish, context: PolicyContext) -> bool:
    """Tell whether the gateway has the door, or serves the HTTP host, already."""
    for access in context.grants_of_host(destination.host):
        other = access.destination
        if context.kind_of(access) != Enforcement.GATEWAY or _is_http(other) != _is_http(
            destination
        ):
            continue
        same_namespace = access.subject.namespace == wish.subject.namespace
        if _is_http(other) or (same_namespace and other.port == destination.port):
            return True
    return False


def _gateway_for(host: str, context: PolicyContext) -> GatewayProfile | None:
    """Return the gateway of a host, for one without an assignment the first with room."""
    cluster = context.cluster
    if host not in cluster.assignments:
        for gateway in cluster.gateways:
            has_doors = context.doors.get(gateway.id, 0) < gateway.max_doors
            if has_doors and context.http_hosts.get(gateway.id, 0) < gateway.max_http_hosts:
                return gateway
    try:
        return cluster.gateway_of(host)
    except LookupError:
        return None


def _judged(
    gateway: GatewayProfile, what: str, used: Mapping[str, int], added: int, most: int
) -> Iterator[Finding]:
    after = used.get(gateway.id, 0) + added
    if not added or after * 100 < most * _NEARLY_FULL_PERCENT:
        return
    if after > most:
        yield Finding(
            "GatewayFull",
            f"The egress gateway {quoted(gateway.id)} would serve {after} {what}, and has room for "
            f"{most}. Ask an admin to add a gateway.",
            Level.BLOCK,
            "destinations",
        )
    else:
        yield Finding(
            "GatewayNearlyFull",
            f"The egress gateway {quoted(gateway.id)} would serve {after} of {most} {what}. Ask an "
            "admin to add a gateway soon.",
            Level.WARN,
            "destinations",
        )


def ports(case: Case) -> Iterator[Finding]:
    """Refuse more ports of one host than its entry holds (istio.md 10.1)."""
    if case.destination.is_fixed_address:
        return
    host, mine = case.destination.host, case.wish.subject.namespace
    is_own = case.kind == Enforcement.SIDECAR
    numbers = {found.port for found in case.wish.destinations if found.host == host}
    for access in case.context.grants_of_host(host):
        shares = (
            access.subject.namespace == mine
            if is_own
            else case.context.kind_of(access) == case.kind
        )
        if shares and not access.destination.is_fixed_address:
            numbers.add(access.destination.port)
    if len(numbers) > MAX_PORTS:
        yield case.refusal(
            "TooManyPorts",
            f"{quoted(host)} would have {quoted(len(numbers))} ports, and an entry holds "
            f"{MAX_PORTS}. Request fewer, or have some revoked.",
            "port",
        )


def _fills_doors(case: Case) -> bool:
    context, port = case.context, case.destination.port
    others = [
        access
        for access in context.grants_of_host(case.destination.host)
        if access.destination.port == port and context.kind_of(access) == Enforcement.GATEWAY
    ]
    length = door_characters(context.cluster, context.inventory, [*others, case.access])
    return length > MAX_DOOR_CHARACTERS


def _listed(case: Case) -> list[Access]:
    """Return the grants behind the list that the wish would be added to, itself included."""
    others = case.context.grants_of_host(case.destination.host)
    return [
        case.access,
        *(a for a in others if case.context.kind_of(a) == case.enforcement and _same_list(case, a)),
    ]


def _same_list(case: Case, access: Access) -> bool:
    other = access.destination
    if is_door(case):
        same_namespace = access.subject.namespace == case.wish.subject.namespace
        return same_namespace and other.port == case.destination.port
    return case.enforcement is Enforcement.AMBIENT or _is_http(other)


def _is_http(destination: Destination) -> bool:
    return destination.protocol.is_http_family
