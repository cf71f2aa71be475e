"""Grants that hide each other in a proxy, though each is sound and they name different hosts.

What hides what is decided by the grants that are sound alone, whatever else becomes of them: so
a slice needs no more than the grants named at each function.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from egress.domain.access import Access, Destination, Enforcement
from egress.domain.hosts.addresses import IpNetwork
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.refusals.contradictions import Kind, spoken
from egress.domain.refusals.wholes import CannotRender
from egress.domain.wording import quoted

Place = tuple[str, str, int]
"""What is granted, without who in the namespace and how: namespace, host and port."""

_Entry = tuple[str, str]
"""An entry as one namespace knows it: whose it is, empty for a shared one, and its host."""


def shared_addresses(
    accesses: Sequence[Access], sound: Iterable[Access], kind: Kind
) -> Iterator[CannotRender]:
    """Refuse those of `accesses` that meet another host of their namespace at one address and port.

    Needs all grants of the hosts with addresses in the namespaces that have such a host.
    """
    hidden = hidden_places(sound, kind)
    if not hidden:
        return
    groups: dict[tuple[str, int], list[Access]] = {}
    for access in accesses:
        if has_own_addresses(access.destination) and place_of(access) in hidden:
            key = (access.subject.namespace, access.destination.port)
            groups.setdefault(key, []).append(access)
    for (namespace, port), group in groups.items():
        yield CannotRender(
            "AddressShared",
            f"In namespace {quoted(namespace)} proxies cannot tell {spoken(group)} from another "
            f"destination at the same address and port {quoted(port)}: one of them would hide the "
            "others. Revoke all but one for each address, or grant them without fixed addresses.",
            sorted(group),
        )


def hidden_wildcards(
    accesses: Iterable[Access], sound: Iterable[Access], kind: Kind
) -> Iterator[CannotRender]:
    """Refuse wildcards under ambient when a name below them was granted to anybody (istio.md 5.3).

    Every node knows every entry, and the narrowest name hides the wider ones with all their ports.
    Needs all grants of the names below the wildcard.
    """
    groups: dict[str, list[Access]] = {}
    for access in accesses:
        if access.destination.is_wildcard and kind(access) == Enforcement.AMBIENT:
            groups.setdefault(access.destination.host, []).append(access)
    if not groups:
        return
    named = {access.destination.host for access in sound if has_entry(access.destination)}
    hidden = {above for host in named for above in wildcards_above(host)}
    for host in sorted(groups.keys() & hidden):
        yield CannotRender(
            "WildcardHidden",
            f"A name below {quoted(host)} was granted by itself, and in an ambient mesh it hides "
            "the wildcard for everybody who uses that name. Grant single hosts in place of the "
            "wildcard, or revoke the grants below it.",
            sorted(groups[host]),
        )


def hidden_places(accesses: Iterable[Access], kind: Kind) -> set[Place]:
    """Return what proxies of a namespace cannot tell from another of its hosts.

    An entry with addresses is listened for at each address and port, by the first that comes
    (istio.md 2.3): another one there, or in a range around it, is not reached. Only HTTP is told
    apart by the names that clients say. An entry shows all ports of its namespaces to each.
    """
    ports: dict[_Entry, dict[int, bool]] = {}
    reaches: dict[str, _Reach] = {}
    for access in accesses:
        destination = access.destination
        if not has_own_addresses(destination):
            continue
        kept = kind(access)
        if kept == Enforcement.AMBIENT:
            continue
        namespace = access.subject.namespace
        entry = (namespace if kept == Enforcement.SIDECAR else "", destination.host)
        is_http = ports.setdefault(entry, {}).get(destination.port, True)
        ports[entry][destination.port] = is_http and destination.protocol.is_http_family
        reaches.setdefault(namespace, _Reach()).add(destination, entry)
    return {
        (namespace, host, port)
        for namespace, reach in reaches.items()
        for entries, ranges in reach.meetings()
        for (_, host), port in _clashes(entries, ranges, ports)
    }


def place_of(access: Access) -> Place:
    """Return what is granted, as `hidden_places` names it."""
    return access.subject.namespace, access.destination.host, access.destination.port


def has_entry(destination: Destination) -> bool:
    """Tell whether a destination has an entry that stands for its name."""
    return not (destination.is_fixed_address or destination.is_cidr)


def has_own_addresses(destination: Destination) -> bool:
    """Tell whether proxies listen at the very addresses of a destination, not at a Service's."""
    has_any = destination.is_cidr or bool(destination.addresses)
    return has_any and not destination.is_fixed_address


@dataclass
class _Reach:
    """What the proxies of one namespace know by address."""

    single: dict[str, set[_Entry]] = field(default_factory=dict)
    ranges: dict[IpNetwork, _Entry] = field(default_factory=dict)

    def add(self, destination: Destination, entry: _Entry) -> None:
        for address in destination.addresses:
            self.single.setdefault(address, set()).add(entry)
        if destination.is_cidr:
            self.ranges[ipaddress.ip_network(destination.host)] = entry

    def meetings(self) -> Iterator[tuple[set[_Entry], list[_Entry]]]:
        """Yield the hosts of each address that is not alone, and the ranges around it."""
        lengths = {(network.version, network.prefixlen) for network in self.ranges}
        for address, entries in self.single.items():
            around = list(self._around(address, lengths)) if lengths else []
            if around or len(entries) > 1:
                yield entries, around

    def _around(self, address: str, lengths: Iterable[tuple[int, int]]) -> Iterator[_Entry]:
        version = 6 if ":" in address else 4
        for length in (length for known, length in lengths if known == version):
            network = ipaddress.ip_network(f"{address}/{length}", strict=False)
            if network in self.ranges:
                yield self.ranges[network]


def _clashes(
    entries: Iterable[_Entry], ranges: Iterable[_Entry], ports: dict[_Entry, dict[int, bool]]
) -> Iterator[tuple[_Entry, int]]:
    """Yield who meets somebody else on which port, all of them."""
    speakers: dict[int, list[_Entry]] = {}
    for entry in entries:
        for port in ports[entry]:
            speakers.setdefault(port, []).append(entry)
    for port, found in speakers.items():
        meeting = found + [entry for entry in ranges if port in ports[entry]]
        if len(meeting) > 1 and not all(ports[entry][port] for entry in meeting):
            yield from ((entry, port) for entry in meeting)
