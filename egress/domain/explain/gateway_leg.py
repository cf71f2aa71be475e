"""The second half of the way: from an egress gateway's listener to the host (istio.md 3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from egress.domain.access import GatewayProfile, Protocol
from egress.domain.explain.answers import Answer, Caller, Trail, best
from egress.domain.explain.exits import leave
from egress.domain.explain.policies import Call
from egress.domain.explain.routings import Route, Routing, Target
from egress.domain.explain.servers import Server, container_port, pod_labels
from egress.domain.explain.sidecars import View
from egress.domain.explain.world import World


@dataclass(frozen=True)
class Arrival:
    """A connection at an egress gateway. `port` is that of its Service, `name` the outer SNI.

    `authority` is what the request names as its host, where requests are read.
    """

    gateway: GatewayProfile
    port: int
    name: str
    authority: str


def enter(
    world: World, caller: Caller, arrival: Arrival, wanted: tuple[str, int], trail: Trail
) -> Answer:
    """Return whether a connection at the gateway reaches the `wanted` host and port."""
    gateway = arrival.gateway
    port = container_port(gateway, arrival.port)
    servers = world.servers.answering(gateway, port, arrival.name)
    nobody = trail.no(f'no server of gateway "{gateway.id}" answers to "{arrival.name}"')
    return best((_through(world, caller, arrival, wanted, s, trail) for s in servers), nobody)


def _through(
    world: World,
    caller: Caller,
    arrival: Arrival,
    wanted: tuple[str, int],
    server: Server,
    trail: Trail,
) -> Answer:
    trail = trail.to("gateway", f'the server for "{arrival.name}"', server.gateway)
    if not server.lets_in(caller):
        return trail.no("its list of identities does not hold the subject's")
    call = Call(
        principal=caller.principal,
        port=container_port(arrival.gateway, arrival.port),
        authority=arrival.authority if server.is_http else None,
        sni=arrival.name,
    )
    verdict = world.policies.judge(world.policies.at_pods(pod_labels(arrival.gateway)), call)
    trail = trail.to("gateway", verdict.detail, *verdict.objects)
    if not verdict.allowed:
        return trail.no("no policy of the gateway allows the subject")
    ways = leaving(world, server, arrival.authority if server.is_http else arrival.name)
    answers = (_follow(world, routing, target, wanted, trail) for routing, _, target in ways)
    return best(answers, trail.no("no route is bound to this server"))


def leaving(world: World, server: Server, name: str) -> Iterator[tuple[Routing, Route, Target]]:
    """Yield where a server leads a connection: `name` is the authority, or the SNI of a door."""
    host = name.rpartition(":")[0] or name if server.is_http else name
    family = "http" if server.is_http else "tcp"
    for routing in world.routings.at_gateway(server.gateway):
        if not routing.is_seen_from(world.cluster.egress_namespace):
            continue
        if not server.binds(routing, host.lower()):
            continue
        for route in routing.taken(family, server.port, name):
            for target in route.targets:
                yield routing, route, target


def _follow(
    world: World, routing: Routing, target: Target, wanted: tuple[str, int], trail: Trail
) -> Answer:
    place = f"{target.host}:{target.port}"
    trail = trail.to("gateway", f"its route leads to {place}", routing.key)
    if (target.host, target.port) != wanted:
        return trail.no(f"the gateway leads to {place} instead")
    return leave(world, world.cluster.egress_namespace, *wanted, trail, at_gateway=True)


def admits(world: World, caller: Caller, host: str, port: int, protocol: Protocol) -> Answer:
    """Return whether any gateway lets the caller through to a host, whatever its sidecar does.

    A workload that avoids its own sidecar may open any name at the gateway's ports with the
    identity that it has.
    """
    refused = Trail().no("no gateway leads there for the subject")
    own = world.cluster.egress_namespace
    entries = world.entries.known_to(own, View(own), host, port)
    if not any(entry.ports[port].carries(protocol) for entry in entries):
        return refused
    arrivals = _arrivals(world, host, port)
    return best((enter(world, caller, a, (host, port), Trail()) for a in arrivals), refused)


def _arrivals(world: World, host: str, port: int) -> Iterator[Arrival]:
    for gateway in world.cluster.gateways:
        for server in world.servers.by_gateway.get(gateway.id, ()):
            for name in _names_leading_to(world, server, host, port):
                sni = "" if server.is_http else name
                for _, pattern in server.hosts:
                    shown = sni or pattern.replace("*", "any.name", 1)
                    yield Arrival(gateway, server.port, shown, name)


def _names_leading_to(world: World, server: Server, host: str, port: int) -> Iterable[str]:
    for routing in world.routings.at_gateway(server.gateway):
        targets = [t for route in routing.routes for t in route.targets]
        if not any((target.host, target.port) == (host, port) for target in targets):
            continue
        for name in routing.hosts:
            if server.is_http:
                yield from spellings(name, {80, port, *(t.port for t in targets)})
            else:
                yield name


def spellings(host: str, ports: Iterable[int]) -> Iterator[str]:
    """Yield the authorities that a client may write for a host, in both cases of letters."""
    for name in (host, host.upper()):
        yield name
        for port in sorted(set(ports)):
            yield f"{name}:{port}"
