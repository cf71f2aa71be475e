"""Hosts that several namespaces reach: what their shared objects can tell apart."""

from collections.abc import Iterator

from egress.domain.access import Access, Enforcement
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding
from egress.domain.slices import CENTRAL
from egress.domain.wording import listed, quoted

_ONE_PROTOCOL = ("IST0177", "KIA1212")


def one_enforcement(case: Case) -> Iterator[Finding]:
    """Refuse a host that would need two shared entries at once (istio.md 5.2, 5.3).

    Ambient picks any entry of a host in the mesh, so no other one may be there at all. Names of
    other namespaces are not told: not everybody may see them.
    """
    mine = case.kind
    for access in case.context.grants_of_host(case.destination.host):
        theirs = case.context.kind_of(access)
        if theirs == mine or not _cannot_coexist(mine, theirs):
            continue
        yield case.refusal(
            "EnforcementConflict",
            f"{quoted(case.destination.host)} is granted to a namespace with {theirs} enforcement, "
            f"and this one has {mine}: the mesh cannot keep both ways apart. Ask an admin to give "
            "both namespaces the same enforcement.",
            "host",
            ("KIA1211",),
        )
        return


def one_way(case: Case) -> Iterator[Finding]:
    """Refuse to speak to a granted port in another way: a port of an entry has one protocol."""
    destination = case.destination
    for access in _sharing(case):
        other = access.destination
        if other.port != destination.port or other.way == destination.way:
            continue
        same_namespace = access.subject.namespace == case.wish.subject.namespace
        who = (
            f"Namespace {quoted(access.subject.namespace)}"
            if same_namespace
            else "Another namespace of this mesh"
        )
        yield case.refusal(
            "ProtocolConflict",
            f"{who} was granted {quoted(other.way)}, and a port is spoken to in one way only, so "
            f"{quoted(destination.way)} is refused. Request the same, or have that grant revoked "
            "first.",
            "protocol",
            _ONE_PROTOCOL,
        )
        return


def one_lookup(case: Case) -> Iterator[Finding]:
    """Refuse other addresses for a host than its entry has: they hold for all its ports."""
    destination = case.destination
    if destination.is_fixed_address:
        return
    for access in _sharing(case):
        other = access.destination
        if other.port == destination.port or other.is_fixed_address:
            continue
        if (other.addresses, other.resolution) != (destination.addresses, destination.resolution):
            yield case.refusal(
                "AddressConflict",
                f"Another port of {quoted(destination.host)} was granted as {quoted(other.way)}, "
                "and the addresses of a host, and how they are looked up, are the same for all its "
                "ports. Request the same, or have that grant revoked first.",
                "addresses" if other.addresses != destination.addresses else "long_lived",
            )
            return


def central_ports(case: Case) -> Iterator[Finding]:
    """Refuse other ports of a central entry than other namespaces have (istio.md 2.6).

    A host list tells no ports apart: each namespace would get those of all.
    """
    if case.kind != CENTRAL:
        return
    host, namespace = case.destination.host, case.wish.subject.namespace
    mine = {found.port for found in case.wish.destinations if found.host == host}
    theirs: set[int] = set()
    for access in case.context.grants_of_host(host):
        if case.context.kind_of(access) == CENTRAL:
            ports = mine if access.subject.namespace == namespace else theirs
            ports.add(access.destination.port)
    if theirs and theirs != mine:
        yield case.refusal(
            "CentralPortsDiffer",
            f"In this cluster all namespaces reach a host by the same ports, and others have "
            f"{_spoken(theirs)} of {quoted(host)}, not {_spoken(mine)}. Request exactly those.",
            "port",
        )


def _cannot_coexist(one: str, other: str) -> bool:
    if Enforcement.AMBIENT in (one, other):
        return True
    return Enforcement.SIDECAR not in (one, other)


def _sharing(case: Case) -> Iterator[Access]:
    """Yield the grants of the host whose objects the wished destination would share."""
    mine, namespace = case.kind, case.wish.subject.namespace
    for access in case.context.grants_of_host(case.destination.host):
        is_shared = mine != Enforcement.SIDECAR and case.context.kind_of(access) == mine
        if is_shared or access.subject.namespace == namespace:
            yield access


def _spoken(ports: set[int]) -> str:
    many = "ports" if len(ports) > 1 else "port"
    return f"{many} {listed([quoted(port) for port in sorted(ports)])}"
