"""What grants say, without any objects: the other side of the comparison with `explain`."""

import ipaddress
from collections.abc import Iterable, Iterator

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
    Subject,
)
from tests.domain.strategies import HOSTS, Case

Question = tuple[Subject, str, int, Protocol]
STRANGE = (
    "stranger.example.org",
    "stranger.wild.example.com",
    "198.51.100.99/32",
    "stranger.shop.wild.example.com",
)


def questions(case: Case) -> Iterator[Question]:
    """Ask for every subject and destination that occurs, and for strangers."""
    spoken = {(g.destination.port, g.destination.protocol) for g in case.grants}
    names = {name for g in case.grants for name in _names(g.destination)}
    asked = {
        (n, g.destination.port, g.destination.protocol)
        for g in case.grants
        for n in _names(g.destination)
    }
    asked |= {(name, 9999, Protocol.TCP) for name in names}
    asked |= {(name, *next(iter(sorted(spoken)))) for name in STRANGE if spoken}
    asked |= {(STRANGE[1], 443, Protocol.TLS), (HOSTS[0], 443, Protocol.TLS)}
    for namespace, facts in sorted(case.inventory.namespaces.items()):
        for account in ("", *sorted(facts.service_accounts)):
            for host, port, protocol in sorted(asked):
                yield Subject(namespace, account), host, port, protocol


def _names(destination: Destination) -> set[str]:
    aliases = {destination.alias} if destination.alias else set()
    return {destination.host, *aliases, *(f"{address}/32" for address in destination.addresses)}


def _is_understood(destination: Destination, protocol: Protocol) -> bool:
    """Whether what a client speaks is what was granted; raw TCP carries anything."""
    spoken = destination.protocol
    if spoken.is_http_family:
        return protocol.is_http_family
    return spoken is Protocol.TCP or protocol is Protocol.TLS


def _is_named(destination: Destination, host: str) -> bool:
    """Whether a grant of a name, or of all names below one, is about this name."""
    pattern = destination.host
    return pattern == host or (destination.is_wildcard and host.endswith(pattern[1:]))


class Oracle:
    """What accepted grants mean: who may reach what."""

    def __init__(
        self, cluster: ClusterProfile, inventory: Inventory, accepted: Iterable[Access]
    ) -> None:
        self._cluster = cluster
        self._inventory = inventory
        self._accepted = tuple(accepted)

    def grants(self, subject: Subject, host: str, port: int, protocol: Protocol) -> bool:
        """Whether grants let a subject reach a destination by this name.

        An alias is one for the whole namespace: whoever may use the host may use it.
        """
        own = [a for a in self._accepted if a.subject.namespace == subject.namespace]
        for access in own:
            meant = access.destination
            if meant.alias == host and not meant.is_fixed_address:
                return protocol.is_http_family and self.grants(subject, meant.host, port, protocol)
        fitting = [a for a in own if self._leads(a, host, port, protocol)]
        return self._are_for(subject, fitting)

    def stands_behind(self, subject: Subject, host: str, port: int, protocol: Protocol) -> bool:
        """Whether a gateway or waypoint has to let a subject through to a host's own name."""
        own = [
            access
            for access in self._accepted
            if access.subject.namespace == subject.namespace
            and self._enforcement(access) is not Enforcement.SIDECAR
            and access.destination.port == port
            and _is_understood(access.destination, protocol)
            and _is_named(access.destination, host)
        ]
        return self._are_for(subject, own)

    def _are_for(self, subject: Subject, accesses: list[Access]) -> bool:
        """Whether grants are for a subject; doors know accounts only, all of them together."""
        if any(access.subject in (subject, Subject(subject.namespace)) for access in accesses):
            return True
        if not subject.is_namespace:
            return False
        accounts = self._inventory.namespaces[subject.namespace].service_accounts
        behind_doors = {a.subject.service_account for a in accesses if self._is_door(a)}
        return bool(accounts) and set(accounts) <= behind_doors

    def _is_door(self, access: Access) -> bool:
        is_gateway = self._enforcement(access) is Enforcement.GATEWAY
        return is_gateway and not access.destination.protocol.is_http_family

    def _enforcement(self, access: Access) -> Enforcement:
        return self._inventory.enforcement_of(access.subject.namespace, self._cluster)

    def _leads(self, access: Access, host: str, port: int, protocol: Protocol) -> bool:
        destination = access.destination
        if destination.port != port:
            return False
        if destination.is_fixed_address:
            return host == destination.alias or self._is_at(destination, host)
        if not _is_understood(destination, protocol):
            return False
        return _is_named(destination, host) or self._is_at(destination, host)

    def _is_at(self, destination: Destination, host: str) -> bool:
        if "/" not in host:
            return False
        asked = ipaddress.ip_network(host)
        known = [destination.host] if destination.is_cidr else list(destination.addresses)
        return any(asked.subnet_of(ipaddress.ip_network(text)) for text in known)  # type: ignore[arg-type]
