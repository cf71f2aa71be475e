"""Entries that open more than one host's ports, or ports that nothing guards (2.1, 2.3, R-B7)."""

from collections import Counter
from collections.abc import Iterator

from egress.domain.access import Enforcement
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import Entry, EntryPort
from egress.domain.explain.reading import named
from egress.domain.explain.world import World

_RESOLUTIONS = frozenset({"DNS", "DNS_ROUND_ROBIN", "STATIC", "DYNAMIC_DNS", "NONE"})
_STANDS_FOR_ADDRESSES = ".egress-portal.internal"


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with ServiceEntries."""
    seen = Counter((entry.namespace, host) for entry in world.entries.all for host in entry.hosts)
    for entry in world.entries.all:
        yield from _itself(entry)
        for host in entry.hosts:
            if seen[entry.namespace, host] > 1:
                yield Anomaly(
                    "EntryTwice",
                    f'"{host}" has several entries in namespace "{entry.namespace}", and their '
                    "ports may be mixed or lost.",
                    entry.key,
                )
        for viewer in sorted(set(named(entry.export_to, entry.namespace))):
            yield from _seen_from(world, entry, viewer)


def _itself(entry: Entry) -> Iterator[Anomaly]:
    if len(entry.hosts) != 1:
        yield Anomaly("SeveralHosts", f"{entry.key} does not stand for one host.", entry.key)
    if not entry.ports:
        yield Anomaly("NoPort", f"{entry.key} has no port.", entry.key)
    if entry.location != "MESH_EXTERNAL":
        yield Anomaly("NotExternal", f"{entry.key} is not MESH_EXTERNAL.", entry.key)
    is_wild = any(host.startswith("*") for host in entry.hosts)
    if entry.resolution not in _RESOLUTIONS or is_wild != (entry.resolution == "DYNAMIC_DNS"):
        yield Anomaly(
            "ResolutionUnfit", f'{entry.key} resolves its host by "{entry.resolution}".', entry.key
        )
    if not entry.says_resolution:
        yield Anomaly(
            "ResolutionMissing", f"{entry.key} says not how it resolves: not at all.", entry.key
        )
    yield from _resolution(entry)
    for port in entry.ports.values():
        is_originated = (port.number, port.target, port.family) == (80, 443, "http")
        if port.target != port.number and not is_originated:
            yield Anomaly(
                "TargetPortElsewhere",
                f"{entry.key} leads port {port.number} to port {port.target}.",
                entry.key,
            )


def _resolution(entry: Entry) -> Iterator[Anomaly]:
    is_range = all(host.endswith(_STANDS_FOR_ADDRESSES) for host in entry.hosts)
    is_http = any(port.family == "http" for port in entry.ports.values())
    if entry.resolution == "NONE" and (not entry.addresses or not is_range or is_http):
        yield Anomaly(
            "NoneWithName",
            f"{entry.key} resolves nothing: its clients choose any address on earth themselves.",
            entry.key,
        )
    wanted = set(entry.addresses) if entry.resolution == "STATIC" else set()
    if set(entry.endpoints) != wanted or (entry.resolution == "STATIC" and not wanted):
        yield Anomaly(
            "EndpointsElsewhere",
            f"{entry.key} leads to other addresses than it stands for.",
            entry.key,
        )
    has_ranges = any(network.num_addresses > 1 for network in entry.networks)
    if entry.networks and entry.resolution not in ("STATIC", "NONE"):
        yield Anomaly(
            "AddressesIgnored",
            f"{entry.key} has addresses, and resolves its name nevertheless.",
            entry.key,
        )
    if has_ranges and entry.resolution != "NONE":
        yield Anomaly("RangeResolved", f"{entry.key} leads a range to one place.", entry.key)


def _seen_from(world: World, entry: Entry, viewer: str) -> Iterator[Anomaly]:
    """Yield what is wrong with an entry as the proxies of one namespace know it."""
    is_shared = entry.namespace == world.cluster.egress_namespace
    if is_shared and viewer == entry.namespace:
        if entry.waypoint:
            for port in entry.ports.values():
                yield from _origination(world, entry, port, viewer)
        return
    routed = _routed_ports(world, entry, viewer)
    is_direct = world.inventory.enforcement_of(viewer, world.cluster) is Enforcement.SIDECAR
    for port in entry.ports.values():
        if port.number in routed:
            yield from _origination(world, entry, port, world.cluster.egress_namespace)
            continue
        yield from _origination(world, entry, port, viewer)
        if is_shared and not (is_direct and world.cluster.central_entries):
            yield Anomaly(
                "UnroutedPort",
                f"Port {port.number} of {entry.key} has no route to the gateway in namespace "
                f'"{viewer}": it is a direct way out.',
                entry.key,
            )
        yield from _address(world, entry, port, viewer)


def _routed_ports(world: World, entry: Entry, viewer: str) -> set[int]:
    found = set()
    for view in world.sidecars.views(viewer):
        for host in entry.hosts:
            for routing in world.routings.at_sidecars(viewer, view, host):
                for port in entry.ports.values():
                    name = (
                        host
                        if port.family != "http" or port.number == 80
                        else (f"{host}:{port.number}")
                    )
                    for route in routing.taken(port.family, port.number, name):
                        if any(target.host in world.gateways for target in route.targets):
                            found.add(port.number)
    return found


def _origination(world: World, entry: Entry, port: EntryPort, viewer: str) -> Iterator[Anomaly]:
    tls, rule = world.rules.tls(viewer, entry.hosts[0], entry.namespace, port.number)
    if port.target != port.number and not tls.originates:
        yield Anomaly(
            "OriginationMissing",
            f"{entry.key} leads port {port.number} to {port.target}, and no rule in namespace "
            f'"{viewer}" originates TLS for it.',
            entry.key,
        )
    if rule and tls.originates and port.target == port.number:
        yield Anomaly(
            "OriginationUnexpected",
            f"{rule.key} originates TLS to port {port.number}, which is spoken to in clear.",
            rule.key,
        )


def _address(world: World, entry: Entry, port: EntryPort, viewer: str) -> Iterator[Anomaly]:
    needs_one = port.family == "tcp" and not entry.networks
    if needs_one and world.inventory.captures_dns(viewer, world.cluster) is False:
        yield Anomaly(
            "PortSwallowed",
            f'{entry.key} takes over port {port.number} of namespace "{viewer}": its proxies do '
            "not answer DNS, so the host has no address of its own.",
            entry.key,
        )
