"""Servers of the egress gateway: doors with their lists, and nobody else's (3.1, R-B14 on)."""

from collections import Counter
from collections.abc import Iterator

from egress.domain.access import GatewayProfile
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.servers import Server, container_port
from egress.domain.explain.world import World


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with the servers of the egress gateways."""
    bound = {server for found in world.servers.by_gateway.values() for server in found}
    for server in world.servers.all:
        is_ours = server.gateway.namespace == world.cluster.egress_namespace
        if is_ours and server not in bound:
            yield _at(server, "SelectsNoGateway", "selects no egress gateway that is known")
    for gateway in world.cluster.gateways:
        servers = world.servers.by_gateway.get(gateway.id, [])
        places = Counter(
            (container_port(gateway, s.port), host) for s in servers for _, host in s.hosts
        )
        names = Counter((s.gateway, s.port_name) for s in servers)
        for server in servers:
            yield from _place(world, gateway, server)
            yield from _who(world, gateway, server)
            own = container_port(gateway, server.port)
            if any(places[own, host] > 1 for _, host in server.hosts):
                yield _at(server, "ServerTwice", "answers to a name that another server has, too")
            if names[server.gateway, server.port_name] > 1:
                yield _at(server, "PortNameTwice", f'repeats the name "{server.port_name}"')


def _at(server: Server, reason: str, what: str) -> Anomaly:
    hosts = ", ".join(host for _, host in server.hosts)
    return Anomaly(reason, f'The server for "{hosts}" of {server.gateway} {what}.', server.gateway)


def _place(world: World, gateway: GatewayProfile, server: Server) -> Iterator[Anomaly]:
    if not server.selector:
        yield _at(server, "SelectsEveryGateway", "has no selector, so every gateway serves it")
    if server.gateway.namespace != world.cluster.egress_namespace:
        yield _at(server, "ForeignGateway", "serves the egress gateway from another namespace")
    if any(owner != "." for owner, _ in server.hosts):
        yield _at(server, "OpenToNamespaces", "takes routes from other namespaces")
    if server.port not in (gateway.http_port, gateway.tls_port):
        yield _at(server, "PortUnknown", f"listens on port {server.port}, which is neither")
    if server.is_http != (server.port == gateway.http_port):
        yield _at(server, "ProtocolWrong", f"speaks {server.protocol} on port {server.port}")


def _who(world: World, gateway: GatewayProfile, server: Server) -> Iterator[Anomaly]:
    if not server.is_mutual:
        yield _at(server, "ServerNotMutual", "asks clients for no identity of the mesh")
    if server.is_http:
        if server.identities:
            yield _at(server, "IdentitiesAtRequests", "lists identities, but policies decide here")
        return
    if not server.identities:
        yield _at(server, "IdentitiesEmpty", "lists no identity, so every one is let in")
    namespaces = {_namespace_of(host) for _, host in server.hosts}
    if len(server.hosts) != 1 or None in namespaces:
        yield _at(server, "DoorNameMalformed", "is not named p<port>.<namespace>.<host>")
    for identity in server.identities:
        yield from _identity(world, server, identity, namespaces)
    routes = world.routings.at_gateway(server.gateway)
    if not any(server.binds(routing, host) for routing in routes for _, host in server.hosts):
        yield _at(server, "DoorWithoutRoute", "has no route")


def _identity(
    world: World, server: Server, identity: str, namespaces: set[str | None]
) -> Iterator[Anomaly]:
    parts = identity.split("/")
    domains = {world.cluster.trust_domain, *world.cluster.trust_domain_aliases}
    is_formed = len(parts) == 7 and parts[:2] == ["spiffe:", ""]
    if not is_formed or (parts[3], parts[5]) != ("ns", "sa") or parts[2] not in domains:
        yield _at(server, "IdentityMalformed", f'lists "{identity}", nobody of this mesh')
        return
    if parts[4] not in namespaces:
        yield _at(server, "IdentityOfOtherNamespace", f'lists "{identity}", of another namespace')
    facts = world.inventory.namespaces.get(parts[4])
    if facts is None or parts[6] not in facts.service_accounts:
        yield _at(server, "IdentityUnknown", f'lists "{identity}", an account that is not known')


def _namespace_of(host: str) -> str | None:
    """Return the namespace in a door's name, None when it is no such name."""
    head, _, rest = host.partition(".")
    namespace, _, outside = rest.partition(".")
    is_port = head[:1] == "p" and head[1:].isdecimal()
    return namespace if is_port and namespace and outside else None
