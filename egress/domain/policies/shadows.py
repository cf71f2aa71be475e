"""Wishes about one host that would hide another: the proxies could not tell the two apart.

What other namespaces reach is not told: not everybody may see it.
"""

from collections.abc import Iterator

from egress.domain.access import Access, Enforcement
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding
from egress.domain.refusals.shadows import has_entry, has_own_addresses, hidden_places, place_of
from egress.domain.refusals.shapes import host_reasons, shape_reasons
from egress.domain.wording import quoted


def hidden_name(case: Case) -> Iterator[Finding]:
    """Refuse a wildcard and a name below it side by side in an ambient mesh (istio.md 5.3).

    Its nodes know every entry, and the narrowest name hides the wider ones with all their ports.
    """
    if not has_entry(case.destination):
        return
    yield from _below_a_wildcard(case)
    if case.destination.is_wildcard and case.kind == Enforcement.AMBIENT:
        yield from _above_a_name(case)


def shared_address(case: Case) -> Iterator[Finding]:
    """Refuse what proxies would find at the address and port of another host (istio.md 2.3)."""
    if case.kind == Enforcement.AMBIENT or not _is_addressed(case.access):
        return
    others = [access for access in _others(case) if _is_addressed(access)]
    before = hidden_places(others, case.context.kind_of)
    after = hidden_places([*others, case.access], case.context.kind_of)
    part = "host" if case.destination.is_cidr else "addresses"
    if place_of(case.access) in after:
        yield case.refusal(
            "AddressShared",
            "This namespace reaches another destination at an address of "
            f"{quoted(case.destination)}, and its proxies keep one of them for an address and "
            "port. Request it without fixed addresses, or have the other grant revoked first.",
            part,
        )
    elif after - before:
        yield case.refusal(
            "AddressShared",
            f"By port {quoted(case.destination.port)} of {quoted(case.destination.host)} another "
            "destination at the same address would be hidden from who reaches both. Request "
            "another port, or ask an admin to have one of the grants revoked.",
            part,
        )


def _below_a_wildcard(case: Case) -> Iterator[Finding]:
    above = set(wildcards_above(case.destination.host))
    for access in _named(case, above):
        if case.context.kind_of(access) == Enforcement.AMBIENT:
            known = _known_to(case, access)
            yield case.refusal(
                "HidesWildcard",
                f"{quoted(case.destination.host)} lies below "
                f"{known or 'a wildcard that was granted in this mesh'}, and an entry of its own "
                "would hide the wildcard for everybody who uses that name. Request the wildcard, "
                "or have it revoked first.",
                "host",
            )
            return


def _above_a_name(case: Case) -> Iterator[Finding]:
    host = case.destination.host
    for access in _others(case):
        other = access.destination
        if other.host.endswith(host[1:]) and other.host != host and has_entry(other):
            known = _known_to(case, access)
            yield case.refusal(
                "WildcardHidden",
                f"{known or 'A name'} below {quoted(host)} was granted by itself in this mesh, and "
                "its entry would hide the wildcard for everybody who uses that name. Request the "
                "single hosts.",
                "host",
            )
            return


def _named(case: Case, hosts: set[str]) -> Iterator[Access]:
    earlier = _earlier(case)
    granted = (access for host in sorted(hosts) for access in case.context.grants_of_host(host))
    yield from (access for access in earlier if access.destination.host in hosts)
    yield from granted


def _others(case: Case) -> list[Access]:
    return [*case.context.grants, *_earlier(case)]


def _earlier(case: Case) -> list[Access]:
    """Return what the wish names before: the later one of two is refused."""
    earlier = case.wish.destinations[: case.index]
    return [Access(case.wish.subject, destination) for destination in earlier]


def _is_addressed(access: Access) -> bool:
    """Tell whether addresses can be compared: what is malformed is refused by other policies."""
    if not has_own_addresses(access.destination):
        return False
    problems = (*host_reasons(access.destination.host), *shape_reasons(access))
    return not problems


def _known_to(case: Case, access: Access) -> str:
    is_own = access.subject.namespace == case.wish.subject.namespace
    return quoted(access.destination.host) if is_own else ""
