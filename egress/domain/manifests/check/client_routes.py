"""VirtualServices that workloads see: the way to the gateway, and the authority of an alias."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from egress.domain.manifests.check.hosts import (
    authority,
    host_problems,
    named_after,
    service_namespace,
)
from egress.domain.manifests.check.look import (
    Look,
    is_port,
    mapping,
    mappings,
    repeated,
    texts,
    unknown,
)
from egress.domain.naming import HTTP_SUBSET, alias_name, is_dns_label, mesh_name, subset_name
from egress.domain.wording import quoted

_ROUTE_FIELDS = {
    "http": {"name", "match", "rewrite", "route"},
    "tls": {"match", "route"},
    "tcp": {"match", "route"},
}


def mesh_leg(look: Look) -> Iterator[str]:
    """Check the way from clients to the gateway (istio.md R-B7 to R-B9)."""
    yield from unknown(look.spec, {"hosts", "exportTo", "gateways", *_ROUTE_FIELDS})
    host = yield from _host(look)
    if host is None:
        return
    yield from named_after(look, host, mesh_name(host))
    yield from _client_namespaces(look, texts(look.spec["exportTo"], "exportTo"))
    routes = [
        (kind, route) for kind in _ROUTE_FIELDS for route in mappings(look.spec.get(kind, []), kind)
    ]
    if repeated([str(_port(route)) for _, route in routes]):
        yield "Two routes are for the same port."
    for kind, route in routes:
        yield from unknown(route, _ROUTE_FIELDS[kind])
        yield from _match(host, kind, route)
        yield from _to_gateway(look, host, kind, route)
    yield from _one_entrance(routes)


def alias(look: Look) -> Iterator[str]:
    """Check the route that gives requests by an alias the authority of the host (istio.md 6)."""
    yield from unknown(look.spec, {"hosts", "exportTo", "gateways", "http"})
    host = yield from _host(look)
    if host is None:
        return
    yield from named_after(look, host, alias_name(host))
    if look.spec.get("exportTo") != ["."]:
        yield 'exportTo is not exactly ".": the alias belongs to one namespace.'
    routes = mappings(look.spec.get("http"), "http")
    if repeated([str(_port(route)) for route in routes]):
        yield "Two routes are for the same port."
    for route in routes:
        yield from unknown(route, _ROUTE_FIELDS["http"])
        yield from _match(host, "http", route)
        wanted = [{"destination": {"host": host, "port": {"number": _port(route)}}}]
        if route.get("route") != wanted:
            yield "A route of the alias leads elsewhere than to the host's own port."


def _host(look: Look) -> Generator[str, None, str | None]:
    """Yield what is wrong with the host and the binding; return the host, or None without one."""
    if look.spec.get("gateways") != ["mesh"]:
        yield 'Its gateways are not exactly "mesh".'
    hosts = texts(look.spec.get("hosts"), "hosts")
    if len(hosts) != 1:
        yield "It does not have exactly one host."
        return None
    yield from host_problems(hosts[0])
    return hosts[0]


def _client_namespaces(look: Look, exported: Sequence[str]) -> Iterator[str]:
    if repeated(exported):
        yield "exportTo names a namespace twice."
    for name in exported:
        if not is_dns_label(name) or name == look.namespace:
            yield f"exportTo has {quoted(name)}, which is no client namespace."


def _match(host: str, kind: str, route: Mapping[str, Any]) -> Iterator[str]:
    port = _port(route)
    sni = {"sniHosts": [host]} if kind == "tls" else {}
    if not is_port(port) or route.get("match") != [{"port": port} | sni]:
        yield f"A {kind} route does not match one port{' and the host as SNI' if sni else ''}."
        return
    if kind != "http":
        return
    if route.get("name", f"p{port}") != f"p{port}":
        yield f"The route for port {quoted(port)} has another name."
    if route.get("rewrite") != {"authority": authority(host, port)}:
        yield f"The route for port {quoted(port)} does not write the one authority of the host."


def _to_gateway(look: Look, host: str, kind: str, route: Mapping[str, Any]) -> Iterator[str]:
    targets = mappings(route.get("route"), "route")
    if len(targets) != 1 or set(targets[0]) != {"destination"}:
        yield "A route does not have exactly one destination."
        return
    destination = mapping(targets[0]["destination"], "destination")
    yield from unknown(destination, {"host", "port", "subset"})
    if service_namespace(destination.get("host")) != look.namespace:
        yield (
            f"A route leads to {quoted(destination.get('host'))}, which is no gateway of its "
            "own namespace: past the gateway nobody decides."
        )
    if not is_port(mapping(destination.get("port"), "port").get("number")):
        yield "A route names no port of the gateway."
    port = _port(route)
    wanted = HTTP_SUBSET if kind == "http" else subset_name(host, port)
    if destination.get("subset") != wanted:
        yield f"The route for port {quoted(port)} does not take the subset {quoted(wanted)}."


def _one_entrance(routes: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Check that all routes lead to one gateway, and each family to one port of it."""
    found = [(kind == "http", route["route"][0]["destination"]) for kind, route in routes]
    if len({str(target["host"]) for _, target in found}) > 1:
        yield "Its routes lead to more than one gateway."
    if len({(is_http, str(target["port"])) for is_http, target in found}) > len(
        {is_http for is_http, _ in found}
    ):
        yield "Routes of one family lead to different ports of the gateway."
    if len({str(target["port"]) for _, target in found}) < len({is_http for is_http, _ in found}):
        yield "Routes of both families lead to one port of the gateway."


def _port(route: Mapping[str, Any]) -> Any:
    for match in mappings(route.get("match"), "match"):
        return match.get("port")
    return None
