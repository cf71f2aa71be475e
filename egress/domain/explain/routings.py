"""VirtualServices: where proxies lead what they receive for a host (istio.md 3.6)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.explain.reading import (
    covers,
    is_exported,
    mapping,
    mappings,
    number,
    spec_of,
    strings,
    text,
)
from egress.domain.explain.sidecars import View
from egress.domain.objects import ObjectKey, key_of

MESH = "mesh"
_KNOWN_CONDITIONS = frozenset({"name", "port", "sniHosts", "authority", "gateways"})


@dataclass(frozen=True)
class Target:
    """Where a route leads: a host of the mesh, its port (0 when unsaid) and a subset of it."""

    host: str
    port: int
    subset: str


@dataclass(frozen=True)
class Match:
    """The conditions of a route; empty ones always hold.

    `is_partial` tells that there are conditions that this check does not understand, so that
    the route may or may not be taken.
    """

    port: int
    sni_hosts: tuple[str, ...]
    authority: Mapping[str, str]
    is_partial: bool

    def holds(self, port: int, name: str) -> bool:
        """Tell whether a connection to `port` with an SNI or authority `name` fits."""
        if self.port and self.port != port:
            return False
        if self.sni_hosts and not any(covers(host, name) for host in self.sni_hosts):
            return False
        return all(_authority_fits(kind, value, name) for kind, value in self.authority.items())


@dataclass(frozen=True)
class Route:
    """One route of a VirtualService. `family` is `http`, `tls` or `tcp`."""

    family: str
    matches: tuple[Match, ...]
    targets: tuple[Target, ...]
    authority: str
    removed_headers: frozenset[str]


@dataclass(frozen=True)
class Routing:
    """A VirtualService. `gateways` are `mesh` or `namespace/name`."""

    key: ObjectKey
    hosts: tuple[str, ...]
    export_to: tuple[str, ...]
    gateways: tuple[str, ...]
    routes: tuple[Route, ...]

    def is_seen_from(self, namespace: str) -> bool:
        """Tell whether proxies of a namespace know it."""
        return is_exported(self.export_to, self.key.namespace, namespace)

    def taken(self, family: str, port: int, name: str) -> Iterator[Route]:
        """Yield the routes that may be taken: the first that surely is, and doubtful ones before.

        `name` is the SNI or the authority of the request.
        """
        for route in self.routes:
            if route.family != family:
                continue
            fitting = [match for match in route.matches if match.holds(port, name)]
            if route.matches and not fitting:
                continue
            yield route
            if not route.matches or any(not match.is_partial for match in fitting):
                return


def read_routing(obj: Mapping[str, Any]) -> Routing:
    """Return a VirtualService as it is understood. Raises TypeError for a malformed object."""
    spec, key = spec_of(obj), key_of(obj)
    bound = strings(spec.get("gateways")) or (MESH,)
    return Routing(
        key=key,
        hosts=strings(spec.get("hosts")),
        export_to=strings(spec.get("exportTo")),
        gateways=tuple(
            name if name == MESH or "/" in name else f"{key.namespace}/{name}" for name in bound
        ),
        routes=tuple(
            _read_route(family, route)
            for family in ("http", "tls", "tcp")
            for route in mappings(spec.get(family))
        ),
    )


def _read_route(family: str, route: Mapping[str, Any]) -> Route:
    removed = mapping(mapping(route.get("headers")).get("request")).get("remove")
    return Route(
        family=family,
        matches=tuple(_read_match(match) for match in mappings(route.get("match"))),
        targets=tuple(
            _read_target(mapping(leg.get("destination"))) for leg in mappings(route.get("route"))
        ),
        authority=text(mapping(route.get("rewrite")).get("authority")),
        removed_headers=frozenset(strings(removed)),
    )


def _read_match(match: Mapping[str, Any]) -> Match:
    return Match(
        port=number(match.get("port")),
        sni_hosts=strings(match.get("sniHosts")),
        authority={k: text(v) for k, v in mapping(match.get("authority")).items()},
        is_partial=bool(set(match) - _KNOWN_CONDITIONS),
    )


def _read_target(destination: Mapping[str, Any]) -> Target:
    return Target(
        text(destination.get("host")),
        number(mapping(destination.get("port")).get("number")),
        text(destination.get("subset")),
    )


def _authority_fits(kind: str, value: str, authority: str) -> bool:
    if kind == "exact":
        return authority == value
    if kind == "prefix":
        return authority.startswith(value)
    try:
        return kind == "regex" and re.fullmatch(value, authority) is not None
    except re.error:
        return False


class Routings:
    """All VirtualServices: those of sidecars by host, those of gateways by Gateway."""

    def __init__(self, routings: Iterable[Routing]) -> None:
        self.all = tuple(routings)
        self._at_sidecars: dict[str, list[Routing]] = {}
        self._at_gateways: dict[str, list[Routing]] = {}
        for routing in self.all:
            for gateway in routing.gateways:
                if gateway == MESH:
                    for host in routing.hosts:
                        self._at_sidecars.setdefault(host, []).append(routing)
                else:
                    self._at_gateways.setdefault(gateway, []).append(routing)
        self.ports_through: dict[tuple[str, str], set[int]] = {}
        for routing in self.all:
            for target in (t for route in routing.routes for t in route.targets if t.subset):
                self.ports_through.setdefault((target.host, target.subset), set()).add(target.port)
        self._patterns = [host for host in self._at_sidecars if host.startswith("*")]

    def at_sidecars(self, viewer: str, view: View, host: str) -> list[Routing]:
        """Return the VirtualServices that sidecars of `viewer` follow for a host.

        Several are a conflict: which one wins is not known here.
        """
        wild = [pattern for pattern in self._patterns if covers(pattern, host)]
        for name in (host, *sorted(wild, key=len, reverse=True)):
            found = [
                routing
                for routing in self._at_sidecars.get(name, [])
                if routing.is_seen_from(viewer) and view.admits(routing.key.namespace, name)
            ]
            if found:
                return found
        return []

    def at_gateway(self, gateway: ObjectKey) -> list[Routing]:
        """Return the VirtualServices that name a Gateway."""
        return self._at_gateways.get(f"{gateway.namespace}/{gateway.name}", [])
