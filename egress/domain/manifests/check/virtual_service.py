"""What a VirtualService of ours looks like: four roles, told apart by its name (3.6, 6, 10.2)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egress.domain.manifests.check.client_routes import alias, mesh_leg
from egress.domain.manifests.check.gateway import HTTP_GATEWAY, is_of_gateway
from egress.domain.manifests.check.hosts import door_of, host_problems, named_after
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    is_port,
    mapping,
    mappings,
    repeated,
    texts,
    unknown,
)
from egress.domain.naming import door_name, http_name
from egress.domain.wording import quoted

_REMOVED_HEADERS = frozenset(
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
"""Certificates, pod addresses and names of the mesh that no host outside may see (R-B12)."""


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of VirtualServices."""
    yield from annotated(look)
    exported = texts(look.spec.get("exportTo"), "exportTo")
    if "*" in exported or "~" in exported or not exported:
        yield 'exportTo is empty, or has "*" or "~".'
    if not {"http", "tls", "tcp"} & set(look.spec):
        yield "It has no route."
    for kind in {"http", "tls", "tcp"} & set(look.spec):
        if not mappings(look.spec[kind], kind):
            yield f"Its list of {kind} routes is empty."
    yield from _role(look)(look)


def _role(look: Look) -> Callable[[Look], Iterator[str]]:
    if look.name.endswith("-mesh"):
        return mesh_leg
    if look.name.endswith("-alias"):
        return alias
    return _http_leg if look.name.endswith("-http") else _door_leg


def _http_leg(look: Look) -> Iterator[str]:
    """Check the way from the gateway to one HTTP host."""
    spec = look.spec
    yield from unknown(spec, {"hosts", "exportTo", "gateways", "http"})
    yield from _private(look)
    if not any(is_of_gateway(name, HTTP_GATEWAY) for name in _gateways(look)):
        yield "It is not bound to the HTTP server of a gateway."
    hosts = texts(spec.get("hosts"), "hosts")
    if len(hosts) != 1:
        yield "It does not have exactly one host."
        return
    yield from host_problems(hosts[0])
    yield from named_after(look, hosts[0], http_name(hosts[0]))
    routes = mappings(spec.get("http"), "http")
    ports = [_destination_port(route) for route in routes]
    if repeated([str(port) for port in ports]):
        yield "Two routes lead to the same port."
    for route, port in zip(routes, ports, strict=True):
        yield from _http_route(hosts[0], route, port, alone=len(routes) == 1)


def _http_route(host: str, route: Mapping[str, Any], port: Any, *, alone: bool) -> Iterator[str]:
    yield from unknown(route, {"name", "match", "headers", "route"})
    if not is_port(port) or route.get("name") != f"p{port}":
        yield f"The route to port {quoted(port)} has another name, or that is no port."
        return
    if route.get("route") != [{"destination": {"host": host, "port": {"number": port}}}]:
        yield f"A route leads to more or to something else than {quoted(f'{host}:{port}')}."
    unmatched = "match" not in route and alone and port == 80
    if not unmatched and route.get("match") != [{"authority": {"regex": _authority(host, port)}}]:
        yield f"The route to port {quoted(port)} takes requests for other authorities (R-B10)."
    request = mapping(route.get("headers", {}), "headers").get("request", {})
    yield from unknown(route.get("headers", {}), {"request"})
    yield from unknown(request, {"remove"})
    kept = _REMOVED_HEADERS - set(texts(request.get("remove", []), "remove"))
    if kept:
        yield f"The host outside would see {', '.join(sorted(kept))}."
    if set(request.get("remove", [])) - _REMOVED_HEADERS:
        yield "It removes headers that the application may have set."


def _authority(host: str, port: int) -> str:
    """Return the match of R-B10: without case, because a policy's hosts ignore case as well."""
    escaped = host.replace(".", r"\.")
    return f"(?i){escaped}(:80)?" if port == 80 else f"(?i){escaped}:{port}"


def _door_leg(look: Look) -> Iterator[str]:
    """Check the way from the doors of one destination to it."""
    spec = look.spec
    yield from unknown(spec, {"hosts", "exportTo", "gateways", "tcp"})
    yield from _private(look)
    if _gateways(look) != [look.name]:
        yield "It is not bound to the Gateway of its own doors."
    names = texts(spec.get("hosts"), "hosts")
    doors = [door_of(name) for name in names]
    first = doors[0] if doors else None
    if first is None:
        yield 'Its first host is no door "p<port>.<namespace>.<host>".'
        return
    yield from named_after(look, first.host, door_name(first.host, first.port))
    if repeated(names) or any(
        d is None or (d.host, d.port) != (first.host, first.port) for d in doors
    ):
        yield "Its hosts are not the doors of one destination, each once."
    routes = mappings(spec.get("tcp"), "tcp")
    if len(routes) != 1:
        yield "It has more or less than one route."
        return
    yield from unknown(routes[0], {"match", "route"})
    wanted = [{"destination": {"host": first.host, "port": {"number": first.port}}}]
    if routes[0].get("route") != wanted:
        yield f"Its route leads elsewhere than to {quoted(f'{first.host}:{first.port}')}."
    matches = mappings(routes[0].get("match"), "match")
    if len(matches) != 1 or set(matches[0]) != {"port"} or not is_port(matches[0]["port"]):
        yield "Its route does not match the one port of the doors alone."


def _private(look: Look) -> Iterator[str]:
    if look.spec.get("exportTo") != ["."]:
        yield 'exportTo is not exactly ".": sidecars must not see the way behind the gateway.'


def _gateways(look: Look) -> list[str]:
    """Return the names of the Gateways of its own namespace that it is bound to, if no other."""
    pairs = [name.partition("/") for name in texts(look.spec.get("gateways"), "gateways")]
    own = [name for namespace, _, name in pairs if namespace == look.namespace]
    return own if len(own) == len(pairs) == 1 else []


def _destination_port(route: Mapping[str, Any]) -> Any:
    for target in mappings(route.get("route"), "route"):
        port = mapping(mapping(target.get("destination"), "destination").get("port"), "port")
        return port.get("number")
    return None
