"""What one object can hold: grants beyond it are held back together (istio.md 10.1, 10.3, 11.3)."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.naming import spiffe_id
from egress.domain.refusals.contradictions import Kind
from egress.domain.refusals.wholes import CannotRender
from egress.domain.wording import quoted

MAX_PORTS = 256
"""Ports of one ServiceEntry (its CRD)."""

MAX_IDENTITIES = 1000
"""Principals of one AuthorizationPolicy, which are compared one after the other."""

MAX_DOOR_CHARACTERS = 1_000_000
"""Identities of all doors of one host and port, in characters: etcd keeps 1.5 MiB per object."""


def too_many_ports(accesses: Sequence[Access], kind: Kind) -> Iterator[CannotRender]:
    """Refuse hosts that were granted with more ports than an entry has."""

    def place(access: Access) -> Hashable:
        is_own = kind(access) == Enforcement.SIDECAR
        return access.subject.namespace if is_own else "", access.destination.host

    large = _of_large_hosts(accesses, MAX_PORTS)
    with_entry = [access for access in large if not access.destination.is_fixed_address]
    for group in _large_groups(with_entry, place, MAX_PORTS):
        if len({access.destination.port for access in group}) > MAX_PORTS:
            yield CannotRender(
                "TooManyPorts",
                f"More than {MAX_PORTS} ports of {quoted(group[0].destination.host)} were granted, "
                "and an entry has room for no more. Revoke some of them.",
                sorted(group),
            )


def too_many_identities(
    cluster: ClusterProfile, accesses: Sequence[Access], kind: Kind
) -> Iterator[CannotRender]:
    """Refuse hosts whose one policy would name too many identities."""
    most = MAX_IDENTITIES // _trust_domains(cluster)
    large = _of_large_hosts(accesses, most)
    with_policy = [access for access in large if _has_policy(access, kind)]
    for group in _large_groups(with_policy, lambda access: access.destination.host, most):
        count = policy_entries(cluster, group)
        if count > MAX_IDENTITIES:
            yield CannotRender(
                "TooManyIdentities",
                f"The policy of {quoted(group[0].destination.host)} would name {quoted(count)} "
                f"identities, and has room for {MAX_IDENTITIES}. Grant it to namespaces in place "
                "of their service accounts, and revoke those.",
                sorted(group),
            )


def too_long_doors(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access], kind: Kind
) -> Iterator[CannotRender]:
    """Refuse doors whose identities fill more than one object."""

    def place(access: Access) -> Hashable:
        return access.destination.host, access.destination.port

    longest = max(1, _most_characters(cluster, inventory, accesses))
    behind_doors = [
        access
        for access in _of_large_hosts(accesses, MAX_DOOR_CHARACTERS // longest)
        if kind(access) == Enforcement.GATEWAY and not access.destination.protocol.is_http_family
    ]
    for group in _large_groups(behind_doors, place, 0):
        if door_characters(cluster, inventory, group) > MAX_DOOR_CHARACTERS:
            destination = group[0].destination
            yield CannotRender(
                "TooManyIdentities",
                f"The doors of port {destination.port} of {quoted(destination.host)} would list "
                "more identities than one object holds. Grant it to single service accounts in "
                "place of whole namespaces.",
                sorted(group),
            )


def policy_entries(cluster: ClusterProfile, accesses: Iterable[Access]) -> int:
    """Return how many principals the policy of one host has for these grants, over all ports."""
    named = {(access.destination.port, access.subject) for access in accesses}
    return len(named) * _trust_domains(cluster)


def door_characters(
    cluster: ClusterProfile, inventory: Inventory, accesses: Iterable[Access]
) -> int:
    """Return how long the lists of the doors of one host and port are together."""
    admitted: set[tuple[str, str]] = set()
    for access in accesses:
        namespace, account = access.subject.namespace, access.subject.service_account
        facts = inventory.namespaces.get(namespace)
        known = (account,) if account else tuple(facts.service_accounts) if facts else ()
        admitted.update((namespace, name) for name in known)
    domains = (cluster.trust_domain, *cluster.trust_domain_aliases)
    frame = sum(len(spiffe_id(domain, "", "")) for domain in domains)
    return sum(frame + len(domains) * (len(ns) + len(name)) for ns, name in admitted)


def _most_characters(
    cluster: ClusterProfile, inventory: Inventory, accesses: Iterable[Access]
) -> int:
    """Return the length of the longest list that one of `accesses` alone makes a door hold."""
    of_subject = {
        (access.subject.namespace, access.subject.service_account): access for access in accesses
    }
    lengths = (door_characters(cluster, inventory, [one]) for one in of_subject.values())
    return max(lengths, default=0)


def _has_policy(access: Access, kind: Kind) -> bool:
    enforcement = kind(access)
    is_http = access.destination.protocol.is_http_family
    return enforcement == Enforcement.AMBIENT or (enforcement == Enforcement.GATEWAY and is_http)


def _trust_domains(cluster: ClusterProfile) -> int:
    return len({cluster.trust_domain, *cluster.trust_domain_aliases})


def _of_large_hosts(accesses: Iterable[Access], more_than: int) -> list[Access]:
    """Return the grants of each host that has more than so many, whatever their ports."""
    counts = Counter([access.destination.host for access in accesses])
    large = {host for host, count in counts.items() if count > more_than}
    return [access for access in accesses if access.destination.host in large] if large else []


def _large_groups(
    accesses: Iterable[Access], place: Callable[[Access], Hashable], more_than: int
) -> Iterator[list[Access]]:
    """Yield the grants of each place that has more than so many, in no order."""
    groups: dict[Hashable, list[Access]] = {}
    for access in accesses:
        groups.setdefault(place(access), []).append(access)
    return (group for group in groups.values() if len(group) > more_than)
