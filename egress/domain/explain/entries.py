"""ServiceEntries: which hosts a mesh knows, and whose sidecar knows which (istio.md 2.1)."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.access import Protocol
from egress.domain.explain.reading import (
    covers,
    is_exported,
    labels_of,
    mappings,
    number,
    spec_of,
    strings,
    text,
)
from egress.domain.explain.sidecars import View
from egress.domain.objects import ObjectKey, key_of

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

HTTP_PROTOCOLS = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})
TLS_PROTOCOLS = frozenset({"TLS", "HTTPS"})


@dataclass(frozen=True)
class EntryPort:
    """One port of an entry: what clients dial, how they speak, and the port outside."""

    number: int
    protocol: str
    target: int

    @property
    def family(self) -> str:
        """Return which routes of a VirtualService apply: `http`, `tls` or `tcp`."""
        if self.protocol in HTTP_PROTOCOLS:
            return "http"
        return "tls" if self.protocol in TLS_PROTOCOLS else "tcp"

    def carries(self, protocol: Protocol) -> bool:
        """Tell whether a client that speaks `protocol` is understood; raw TCP carries anything."""
        if self.family == "http":
            return protocol.is_http_family
        return self.family == "tcp" or protocol is Protocol.TLS


@dataclass(frozen=True)
class Entry:
    """A ServiceEntry."""

    key: ObjectKey
    hosts: tuple[str, ...]
    export_to: tuple[str, ...]
    location: str
    resolution: str
    says_resolution: bool
    addresses: tuple[str, ...]
    networks: tuple[IpNetwork, ...]
    endpoints: tuple[str, ...]
    ports: Mapping[int, EntryPort]
    waypoint: str

    @property
    def namespace(self) -> str:
        """Return the namespace of the entry."""
        return self.key.namespace

    def is_seen_from(self, namespace: str) -> bool:
        """Tell whether sidecars of a namespace know the entry."""
        return is_exported(self.export_to, self.namespace, namespace)


def read_entry(obj: Mapping[str, Any]) -> Entry:
    """Return a ServiceEntry as it is understood. Raises TypeError or ValueError."""
    spec = spec_of(obj)
    addresses, hosts = strings(spec.get("addresses")), strings(spec.get("hosts"))
    ports = [_read_port(port) for port in mappings(spec.get("ports"))]
    if not hosts:
        raise ValueError("it stands for no host")
    if len({port.number for port in ports}) != len(ports):
        raise ValueError("it has a port twice")
    return Entry(
        key=key_of(obj),
        hosts=hosts,
        export_to=strings(spec.get("exportTo")),
        location=text(spec.get("location")),
        resolution=text(spec.get("resolution")) or "NONE",
        says_resolution=bool(spec.get("resolution")),
        addresses=addresses,
        networks=tuple(ipaddress.ip_network(address, strict=False) for address in addresses),
        endpoints=tuple(text(e.get("address")) for e in mappings(spec.get("endpoints"))),
        ports={port.number: port for port in ports},
        waypoint=text(labels_of(obj).get("istio.io/use-waypoint")),
    )


def _read_port(port: Mapping[str, Any]) -> EntryPort:
    own = number(port.get("number"))
    protocol = text(port.get("protocol")).upper() or "TCP"
    return EntryPort(own, protocol, number(port.get("targetPort")) or own)


class Entries:
    """All ServiceEntries, found by host and by address."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.all = tuple(entries)
        self._exact: dict[str, list[Entry]] = {}
        self._wild: dict[str, list[Entry]] = {}
        for entry in self.all:
            for host in entry.hosts:
                index = self._wild if host.startswith("*") else self._exact
                index.setdefault(host, []).append(entry)
        self._addressed = tuple(entry for entry in self.all if entry.networks)
        self._open = tuple(e for e in self.all if e.resolution == "NONE" and not e.networks)

    def of(self, host: str) -> Iterator[list[Entry]]:
        """Yield the entries of a host, those of the narrowest name first."""
        if host in self._exact:
            yield self._exact[host]
        fitting = [pattern for pattern in self._wild if covers(pattern, host)]
        for pattern in sorted(fitting, key=len, reverse=True):
            yield self._wild[pattern]

    def exactly(self, host: str) -> list[Entry]:
        """Return the entries that stand for just this name or pattern."""
        return (self._wild if host.startswith("*") else self._exact).get(host, [])

    def known_to(self, viewer: str, view: View, host: str, port: int) -> list[Entry]:
        """Return the entries by which sidecars of `viewer` reach a port of a host.

        Of one name the client's own namespace wins with all of its ports; which of several
        others wins is not known here, so all are returned (istio.md 2.1).
        """
        for entries in self.of(host):
            seen = [e for e in entries if _is_known(e, viewer, view)]
            own = [e for e in seen if e.namespace == viewer]
            if found := [e for e in own or seen if port in e.ports]:
                return found
        return []

    def at(self, viewer: str, view: View, network: IpNetwork, port: int) -> list[Entry]:
        """Return the entries by which sidecars of `viewer` reach a port of addresses."""
        return [e for e in self.holding(network, port) if _is_known(e, viewer, view)]

    def holding(self, network: IpNetwork, port: int) -> list[Entry]:
        """Return all entries that stand for addresses and have a port."""
        return [
            entry
            for entry in self._addressed
            if port in entry.ports and _contains(entry.networks, network)
        ]

    def open_at(self, viewer: str, view: View, port: int) -> list[Entry]:
        """Return the entries that lead a port to whatever address a client dials (R-A5)."""
        return [e for e in self._open if port in e.ports and _is_known(e, viewer, view)]


def _is_known(entry: Entry, viewer: str, view: View) -> bool:
    return entry.is_seen_from(viewer) and any(
        view.admits(entry.namespace, host) for host in entry.hosts
    )


def _contains(networks: Iterable[IpNetwork], wanted: IpNetwork) -> bool:
    return any(
        network.version == wanted.version and wanted.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )
