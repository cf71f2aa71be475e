"""What a Gateway of ours looks like: one server for HTTP, or doors (3.3, 3.6)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egress.domain.manifests.check.hosts import door_of, named_after
from egress.domain.manifests.check.identities import door_identities
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    is_port,
    labelled,
    mapping,
    mappings,
    repeated,
    texts,
    unknown,
)
from egress.domain.naming import door_name, is_dns_label, is_label_value, server_name
from egress.domain.wording import quoted

HTTP_GATEWAY = "egress-http"
_MAX_ID = 3


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of Gateways."""
    spec = look.spec
    yield from annotated(look)
    yield from unknown(spec, {"selector", "servers"})
    if not is_istio_selector(spec.get("selector")):
        yield 'It does not select the pods of one gateway by the label "istio" alone.'
    servers = mappings(spec.get("servers"), "servers")
    if is_of_gateway(look.name, HTTP_GATEWAY):
        yield from _http(look, servers)
    else:
        yield from _doors(look, servers)


def is_istio_selector(labels: object) -> bool:
    """Tell whether these labels select the pods of one gateway: empty ones select all pods."""
    if not isinstance(labels, Mapping) or set(labels) != {"istio"}:
        return False
    return isinstance(labels["istio"], str) and is_label_value(labels["istio"])


def is_of_gateway(name: str, prefix: str) -> bool:
    """Tell whether `name` is `prefix` of the main gateway, or `prefix-<id>` of another one."""
    if name == prefix:
        return True
    gateway_id = name.removeprefix(f"{prefix}-")
    return gateway_id != name and len(gateway_id) <= _MAX_ID and is_dns_label(gateway_id)


def _http(look: Look, servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Check the one server of the HTTP family: policies decide behind it, for each request."""
    yield from labelled(look, {})
    if len(servers) != 1:
        yield "It does not have exactly one server."
        return
    yield from unknown(servers[0], {"port", "hosts", "tls"})
    yield from _port(servers[0], "https-mesh", "HTTPS")
    if servers[0].get("hosts") != ["./*"]:
        yield 'Its hosts are not exactly "./*": routes of other namespaces could bind to it.'
    if servers[0].get("tls") != {"mode": "ISTIO_MUTUAL"}:
        yield "Its TLS is anything else than ISTIO_MUTUAL."


def _doors(look: Look, servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not servers:
        yield "It has no server."
        return
    names = [name for server in servers for name in texts(server.get("hosts"), "hosts")]
    doors = [door_of(name.removeprefix("./")) for name in names if name.startswith("./")]
    first = doors[0] if doors else None
    if first is None:
        yield 'Its first server is no door: its host is not "./p<port>.<namespace>.<host>".'
        return
    yield from named_after(look, first.host, door_name(first.host, first.port))
    if repeated(names):
        yield "Two servers have the same host: Istio drops the second without a word."
    if any(d is None or (d.host, d.port) != (first.host, first.port) for d in doors):
        yield "Its doors lead to more than one destination."
    if len({str(mapping(server.get("port"), "port").get("number")) for server in servers}) > 1:
        yield "Its doors are on different ports of the gateway."
    for server in servers:
        yield from _door(look, server)


def _door(look: Look, server: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown(server, {"port", "hosts", "tls"})
    hosts = texts(server["hosts"], "hosts")
    door = door_of(hosts[0].removeprefix("./")) if len(hosts) == 1 else None
    if door is None or not hosts[0].startswith("./p"):
        yield f'The server for {quoted(", ".join(hosts))} is not exactly one door "./p...".'
        return
    yield from _port(server, server_name(door.namespace), "TLS")
    tls = mapping(server.get("tls"), "tls")
    yield from unknown(tls, {"mode", "subjectAltNames"})
    if tls.get("mode") != "ISTIO_MUTUAL":
        yield f"The door of {quoted(door.namespace)} is not ISTIO_MUTUAL: nobody is identified."
    listed = texts(tls.get("subjectAltNames", []), "subjectAltNames")
    yield from door_identities(look, listed, door.namespace)


def _port(server: Mapping[str, Any], name: str, protocol: str) -> Iterator[str]:
    port = mapping(server.get("port"), "port")
    yield from unknown(port, {"number", "name", "protocol"})
    if not is_port(port.get("number")):
        yield f"{quoted(port.get('number'))} is no port."
    if (port.get("name"), port.get("protocol")) != (name, protocol):
        yield f"A server's port is not {quoted(name)} with protocol {quoted(protocol)}."
