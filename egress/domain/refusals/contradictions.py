"""Grants that contradict each other: all of them are held back, which came first is not known.

What must be granted alike to all who share it is held back from those who have less of it, and
from nobody else: so the end of a grant never takes from others what they still have.

Each function takes grants that are sound alone and returns refusals. Their order matters: first
what one namespace decides, aliases included, then what is decided per host. So a slice needs
the grants of its hosts and of the namespaces with an alias of them, and no others.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from egress.domain.access import Access, Destination, Enforcement
from egress.domain.refusals.wholes import CannotRender
from egress.domain.slices import CENTRAL
from egress.domain.wording import listed, quoted

_SHOWN = 4
_MAX_ENDPOINTS = 1000
_MAX_PORTS = 100

Kind = Callable[[Access], str]
"""Tells which renderer a grant has, as `slices.kind_of` does for one cluster."""


def hosts_of_several_ways(accesses: Iterable[Access]) -> set[str]:
    """Return the hosts that were granted with more than one port, or in more than one way.

    Grants of all other hosts say the same of it: only one alias can make them contradict another,
    or the enforcements of their namespaces.
    """
    first: dict[str, Hashable] = {}
    found: set[str] = set()
    for access in accesses:
        destination = access.destination
        host, asked = destination.host, (destination.port, *_way(destination))
        if first.setdefault(host, asked) != asked:
            found.add(host)
    return found


def ways_in_a_namespace(accesses: Sequence[Access]) -> Iterator[CannotRender]:
    """Refuse grants that speak differently to one port of a host from one namespace."""

    def place(access: Access) -> Hashable:
        return access.subject.namespace, access.destination.host, access.destination.port

    for group in _groups(accesses, place):
        if _differ(group, _way):
            yield _conflict(f"Namespace {quoted(group[0].subject.namespace)} was granted", group)


def ways_in_the_mesh(accesses: Sequence[Access], kind: Kind) -> Iterator[CannotRender]:
    """Refuse grants that speak differently to one port of an entry that namespaces share."""

    def place(access: Access) -> Hashable:
        return access.destination.host, access.destination.port

    shared = [access for access in accesses if kind(access) != Enforcement.SIDECAR]
    for group in _groups(shared, place):
        if _differ(group, _way):
            yield _conflict("Namespaces that share one entry were granted", group)


def aliases(accesses: Sequence[Access]) -> Iterator[CannotRender]:
    """Refuse grants that give one alias of a namespace two meanings."""

    def place(access: Access) -> Hashable:
        return access.subject.namespace, access.destination.alias

    named = [access for access in accesses if access.destination.alias]
    for group in _groups(named, place):
        held = group if _differ(group, alias_meaning) else _with_fewer_ports(group)
        rest = [access for access in group if access not in held]
        if not is_one_service(access.destination for access in rest):
            held = group
        if held:
            destination = group[0].destination
            yield CannotRender(
                "AliasConflict",
                f"In namespace {quoted(group[0].subject.namespace)} the alias "
                f"{quoted(destination.alias)} would mean different things: {spoken(group)}. "
                "Revoke all but one, or give each its own alias.",
                sorted(held),
            )


def _with_fewer_ports(group: Sequence[Access]) -> list[Access]:
    """Return the grants of single addresses that lack a port of others with the same alias."""
    ports: dict[str, set[Hashable]] = {}
    for access in group:
        found = access.destination
        if found.is_cidr:
            ports.setdefault(found.host, set()).add((found.port, found.protocol))
    return _lacking(group, ports, lambda access: access.destination.host)


def mixed_enforcements(accesses: Sequence[Access], kind: Kind) -> Iterator[CannotRender]:
    """Refuse hosts whose one entry in the egress namespace would have to be two (istio.md 5.2).

    Ambient picks any entry of a host in the mesh, so no other one may be there at all.
    """
    for group in _groups(accesses, lambda access: access.destination.host):
        kinds = {kind(access) for access in group}
        if Enforcement.AMBIENT in kinds:
            is_mixed = len(kinds) > 1
        else:
            is_mixed = len(kinds - {Enforcement.SIDECAR}) > 1
        if is_mixed:
            yield CannotRender(
                "EnforcementConflict",
                f"{quoted(group[0].destination.host)} was granted to namespaces whose enforcement "
                f"differs: {listed(sorted(kinds))}. They cannot share one entry. Give these "
                "namespaces the same enforcement, or revoke the grants of one kind.",
                sorted(group),
            )


def entries(accesses: Sequence[Access], kind: Kind) -> Iterator[CannotRender]:
    """Refuse grants that look up the host of one entry differently: all its ports share that."""

    def place(access: Access) -> Hashable:
        is_own = kind(access) == Enforcement.SIDECAR
        return access.subject.namespace if is_own else "", access.destination.host

    with_entry = [access for access in accesses if not access.destination.is_fixed_address]
    for group in _groups(with_entry, place):
        if _differ(group, lambda found: (found.addresses, found.resolution)):
            yield CannotRender(
                "AddressConflict",
                f"The ports of {quoted(group[0].destination.host)} were granted with different "
                f"addresses or lookups: {spoken(group)}. Revoke all but those of one kind.",
                sorted(group),
            )


def central_ports(accesses: Sequence[Access], kind: Kind) -> Iterator[CannotRender]:
    """Refuse central entries to namespaces that were not granted all of their ports.

    A host list tells no ports apart: each namespace would get those of all (istio.md 2.6).
    """
    shared = [access for access in accesses if kind(access) == CENTRAL]
    for group in _groups(shared, lambda access: access.destination.host):
        ports: dict[str, set[Hashable]] = {}
        for access in group:
            ports.setdefault(access.subject.namespace, set()).add(access.destination.port)
        if held := _lacking(group, ports, lambda access: access.subject.namespace):
            yield CannotRender(
                "CentralPortsDiffer",
                f"Namespaces were granted different ports of {quoted(group[0].destination.host)}, "
                "and a central entry opens all of them to each. Grant the same ports to all, or "
                "revoke the others.",
                sorted(held),
            )


def alias_meaning(destination: Destination) -> Hashable:
    """Return what an alias stands for: grants of one alias in a namespace have to agree in it."""
    if not destination.is_fixed_address:
        return "name", destination.host
    if destination.is_cidr:
        return ("addresses",)
    return "originated", destination.host, destination.addresses


def is_one_service(destinations: Iterable[Destination]) -> bool:
    """Tell whether single addresses with one alias can share its Service and EndpointSlice.

    They have the same ports, are of one family, and are no more than one slice holds (Kubernetes
    API, `discovery.k8s.io/v1`).
    """
    ports: dict[str, set[Hashable]] = {}
    for found in destinations:
        if found.is_cidr:
            ports.setdefault(found.host, set()).add((found.port, found.protocol))
    served = {frozenset(numbers) for numbers in ports.values()}
    is_small = len(ports) <= _MAX_ENDPOINTS and all(len(one) <= _MAX_PORTS for one in served)
    return is_small and len(served) <= 1 and len({":" in host for host in ports}) <= 1


def _lacking(
    group: Iterable[Access],
    parts: Mapping[str, set[Hashable]],
    owner: Callable[[Access], str],
) -> list[Access]:
    """Return the grants whose owner does not have the parts of all owners together."""
    whole = set().union(*parts.values())
    return [access for access in group if parts.get(owner(access), whole) != whole]


def _way(destination: Destination) -> tuple[Hashable, ...]:
    return (
        destination.protocol,
        destination.tls_origination,
        destination.addresses,
        destination.resolution,
    )


def _groups(
    accesses: Iterable[Access], place: Callable[[Access], Hashable]
) -> Iterator[list[Access]]:
    """Yield the grants of each place that has more than one, in no order."""
    groups: dict[Hashable, list[Access]] = {}
    for access in accesses:
        groups.setdefault(place(access), []).append(access)
    return (group for group in groups.values() if len(group) > 1)


def _differ(group: Sequence[Access], part: Callable[[Destination], Hashable]) -> bool:
    first = part(group[0].destination)
    return any(part(access.destination) != first for access in group[1:])


def _conflict(who: str, group: Sequence[Access]) -> CannotRender:
    destination = group[0].destination
    return CannotRender(
        "ProtocolConflict",
        f"{who} port {destination.port} of {quoted(destination.host)} in different ways: "
        f"{spoken(group)}. Revoke all but one.",
        sorted(group),
    )


def spoken(group: Sequence[Access]) -> str:
    """Return the destinations of grants as a message lists them, each once."""
    texts = sorted({str(access.destination) for access in group})
    more = [f"{len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    return listed([quoted(text) for text in texts[:_SHOWN]] + more)
