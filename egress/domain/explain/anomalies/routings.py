"""Routes that lead elsewhere, that nobody asked for, or that tell too much (3.6, R-B7 on)."""

from collections.abc import Iterator

from egress.domain.access import GatewayProfile
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import Entry
from egress.domain.explain.gateway_leg import leaving
from egress.domain.explain.reading import named
from egress.domain.explain.routings import MESH, Route, Routing, Target
from egress.domain.explain.servers import Server, container_port
from egress.domain.explain.world import World

_TELLTALE = frozenset(
    {
        "x-forwarded-client-cert",
        "x-envoy-peer-metadata",
        "x-envoy-peer-metadata-id",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-envoy-attempt-count",
        "x-envoy-external-address",
        "x-envoy-decorator-operation",
    }
)


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with VirtualServices."""
    gateways: dict[str, list[Server]] = {}
    for server in world.servers.all:
        place = f"{server.gateway.namespace}/{server.gateway.name}"
        gateways.setdefault(place, []).append(server)
    for routing in world.routings.all:
        if any(match.is_partial for route in routing.routes for match in route.matches):
            yield Anomaly(
                "ConditionUnknown",
                f"{routing.key} has conditions that are not understood here.",
                routing.key,
            )
        if MESH in routing.gateways:
            yield from _at_sidecars(world, routing)
        for gateway in routing.gateways:
            if gateway != MESH:
                yield from _at_gateway(world, routing, gateway, gateways.get(gateway, []))


def _at_sidecars(world: World, routing: Routing) -> Iterator[Anomaly]:
    if len(routing.gateways) > 1:
        yield Anomaly(
            "MixedGateways", f"{routing.key} serves sidecars and gateways at once.", routing.key
        )
    for viewer in sorted(set(named(routing.export_to, routing.key.namespace))):
        for host in routing.hosts:
            yield from _route_of(world, routing, viewer, host)
    for route in routing.routes:
        names = {name for match in route.matches for name in match.sni_hosts}
        is_any = route.family == "tls" and not all(match.sni_hosts for match in route.matches)
        if is_any or names - set(routing.hosts):
            yield Anomaly(
                "SniUnknown", f"{routing.key} routes names that are not its hosts.", routing.key
            )
        for target in route.targets:
            yield from _to_gateway(world, routing, route, target)


def _route_of(world: World, routing: Routing, viewer: str, host: str) -> Iterator[Anomaly]:
    views = world.sidecars.views(viewer)
    entries = [
        entry
        for found in world.entries.of(host)
        for entry in found
        if entry.is_seen_from(viewer) and any(v.admits(entry.namespace, host) for v in views)
    ]
    if not entries:
        yield Anomaly(
            "RouteWithoutEntry",
            f'{routing.key} routes "{host}" in namespace "{viewer}", which knows no such host.',
            routing.key,
        )
    if any(len(world.routings.at_sidecars(viewer, view, host)) > 1 for view in views):
        yield Anomaly(
            "HostRoutedTwice",
            f'"{host}" has several routes in namespace "{viewer}"; which one wins is not known.',
            routing.key,
        )
    ports = {port.number: port for entry in entries for port in entry.ports.values()}
    for route in routing.routes:
        numbers = {match.port for match in route.matches} or {0}
        for number in sorted(numbers):
            found = ports.get(number)
            if entries and (found is None or found.family != route.family):
                yield Anomaly(
                    "RouteUnused",
                    f"{routing.key} routes port {number} as {route.family}, which the entry of "
                    f'"{host}" does not have.',
                    routing.key,
                )
        yield from _targets(world, routing, route, host)


def _targets(world: World, routing: Routing, route: Route, host: str) -> Iterator[Anomaly]:
    if not route.targets:
        yield Anomaly("RouteElsewhere", f"{routing.key} leads nowhere.", routing.key)
    ports = {match.port for match in route.matches}
    for target in route.targets:
        is_itself = target.host == host and (target.port in ports or not ports)
        if target.host not in world.gateways and not is_itself:
            yield Anomaly(
                "RouteElsewhere",
                f'{routing.key} leads "{host}" to {target.host}:{target.port}.',
                routing.key,
            )
        if route.family != "http":
            continue
        number = next(iter(ports), 80)
        wanted = host if number == 80 else f"{host}:{number}"
        if route.authority != wanted:
            yield Anomaly(
                "AuthorityNotRewritten",
                f'{routing.key} does not rewrite the authority of port {number} to "{wanted}".',
                routing.key,
            )


def _to_gateway(world: World, routing: Routing, route: Route, target: Target) -> Iterator[Anomaly]:
    gateway = world.gateways.get(target.host)
    if gateway is None:
        return
    wanted = gateway.http_port if route.family == "http" else gateway.tls_port
    if target.port != wanted:
        yield Anomaly(
            "GatewayPortWrong",
            f"{routing.key} leads {route.family} to port {target.port} of the gateway.",
            routing.key,
        )
    for viewer in named(routing.export_to, routing.key.namespace):
        if route.family == "http" or _has_door(world, gateway, routing, route, viewer):
            yield from _subset(world, routing, target, viewer)


def _has_door(
    world: World, gateway: GatewayProfile, routing: Routing, route: Route, viewer: str
) -> bool:
    """Tell whether a namespace may use a route: it sees those for others' ports, too."""
    port = container_port(gateway, gateway.tls_port)
    return any(
        world.servers.answering(gateway, port, f"p{match.port}.{viewer}.{host}")
        for match in route.matches
        for host in routing.hosts
    )


def _subset(world: World, routing: Routing, target: Target, viewer: str) -> Iterator[Anomaly]:
    rules = world.rules.of(viewer, target.host, world.cluster.egress_namespace)
    if not any(rule.subset(target.subset) for rule in rules):
        yield Anomaly(
            "SubsetMissing",
            f'{routing.key} leads namespace "{viewer}" through the subset "{target.subset}", '
            "which no rule of it defines.",
            routing.key,
        )


def _at_gateway(
    world: World, routing: Routing, gateway: str, servers: list[Server]
) -> Iterator[Anomaly]:
    if not servers:
        yield Anomaly(
            "GatewayMissing", f'{routing.key} names the Gateway "{gateway}", unknown.', routing.key
        )
    for route in routing.routes:
        if route.family == "http" and not route.removed_headers >= _TELLTALE:
            yield Anomaly(
                "HeadersKept",
                f"{routing.key} passes on headers that tell about the calling pod.",
                routing.key,
            )
    for host in routing.hosts:
        bound = [server for server in servers if server.binds(routing, host)]
        if servers and not bound:
            yield Anomaly(
                "HostNotServed",
                f'{routing.key} has routes for "{host}", to which no server answers.',
                routing.key,
            )
        for server in bound:
            yield from _leads(world, routing, server, host)


def _leads(world: World, routing: Routing, server: Server, host: str) -> Iterator[Anomaly]:
    """Yield routes that lead elsewhere than the name that they are taken for says."""
    families = {route.family for route in routing.routes}
    if families - {"http" if server.is_http else "tcp"} or not families:
        yield Anomaly(
            "RouteUnused", f"{routing.key} has routes that its server never takes.", routing.key
        )
    yield from _conditions(routing, server)
    for route in routing.routes:
        for target in route.targets:
            if server.is_http:
                name = host if target.port == 80 else f"{host}:{target.port}"
                is_said = target.host == host
            else:
                name = host
                is_said = is_door_of(host, target.host, target.port)
            taken = [leads for _, r, leads in leaving(world, server, name) if r is route]
            if not is_said or target not in taken:
                yield Anomaly(
                    "RouteElsewhere",
                    f'{routing.key} leads "{name}" to {target.host}:{target.port}.',
                    routing.key,
                )
            if not any(target.port in e.ports for e in _outside(world, target.host)):
                yield Anomaly(
                    "RouteWithoutEntry",
                    f"{routing.key} leads to {target.host}:{target.port}, unknown at the gateway.",
                    routing.key,
                )


def _conditions(routing: Routing, server: Server) -> Iterator[Anomaly]:
    """Yield routes that are taken for more than one port's name, or for any port."""
    for route in routing.routes:
        is_any_port = not route.matches or any(not match.port for match in route.matches)
        is_any_name = not route.matches or any(not match.authority for match in route.matches)
        if server.is_http:
            is_loose = (is_any_name and len(routing.routes) > 1) or len(route.matches) > 1
        else:
            is_loose = is_any_port or any(match.port != server.port for match in route.matches)
        if is_loose:
            yield Anomaly(
                "RouteForAnything",
                f"{routing.key} has a route for other names or ports than its own.",
                routing.key,
            )


def _outside(world: World, host: str) -> Iterator[Entry]:
    for entries in world.entries.of(host):
        yield from (e for e in entries if e.is_seen_from(world.cluster.egress_namespace))


def is_door_of(name: str, host: str, port: int) -> bool:
    """Tell whether a name is `p<port>.<namespace>.<host>` (istio.md 1)."""
    head, _, rest = name.partition(".")
    namespace, _, outside = rest.partition(".")
    return head == f"p{port}" and bool(namespace) and outside == host
