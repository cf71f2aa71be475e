"""What a ServiceEntry of ours looks like: final, or on its way (istio.md 2, 3.6, 5, 10.1)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from egress.domain.manifests.check.addresses import address_problems, range_problems
from egress.domain.manifests.check.hosts import host_problems, named_after
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    is_port,
    mappings,
    repeated,
    texts,
    unknown,
)
from egress.domain.naming import base, is_dns_label, synthetic_host
from egress.domain.wording import quoted

WAYPOINT_LABEL = "istio.io/use-waypoint"

_FIELDS = {"hosts", "addresses", "exportTo", "location", "resolution", "endpoints", "ports"}
_HTTP = {"HTTP", "HTTP2", "GRPC"}
_PROTOCOLS = _HTTP | {"TLS", "TCP"}
_MAX_PORTS = 256
_MAX_ADDRESSES = 256


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of entries."""
    spec = look.spec
    yield from annotated(look)
    yield from unknown(spec, _FIELDS)
    yield from _exports(look, texts(spec.get("exportTo"), "exportTo"))
    if spec.get("location") != "MESH_EXTERNAL":
        yield "location is not MESH_EXTERNAL."
    hosts = texts(spec.get("hosts"), "hosts")
    if len(hosts) != 1:
        yield "It does not have exactly one host."
        return
    check = _RESOLUTIONS.get(spec.get("resolution", ""))
    if check is None:
        yield f"Its resolution is {quoted(spec.get('resolution'))}, which is not one we write."
        return
    ports = mappings(spec.get("ports"), "ports")
    yield from _port_list(ports)
    yield from _waypoint(look, spec)
    yield from check(look, hosts[0], ports)


def _exports(look: Look, exported: Sequence[str]) -> Iterator[str]:
    """Check who sees the entry: seeing it is the permission where no gateway stands between."""
    if exported == ["~"]:
        return
    if "." not in exported:
        yield 'exportTo has neither "." nor "~" alone.'
    if "*" in exported:
        yield 'exportTo has "*", which opens the host to the whole mesh.'
    if repeated(exported) or look.namespace in exported:
        yield "exportTo names a namespace twice."
    for name in exported:
        if name not in (".", "*") and not is_dns_label(name):
            yield f"exportTo has {quoted(name)}, which is no namespace."


def _waypoint(look: Look, spec: Mapping[str, Any]) -> Iterator[str]:
    waypoint = look.labels.get(WAYPOINT_LABEL)
    if waypoint is None:
        return
    if not is_dns_label(waypoint):
        yield f"{quoted(waypoint)} is no waypoint."
    if spec["exportTo"] != ["."]:
        yield 'An entry behind a waypoint is exported to "." alone, or sidecars get a way past it.'
    if spec["resolution"] == "NONE":
        yield "No waypoint serves an address range."


def _named(look: Look, host: str) -> Iterator[str]:
    waypoint = {k: v for k, v in look.labels.items() if k == WAYPOINT_LABEL}
    yield from named_after(look, host, base(host), waypoint)


def _by_name(look: Look, host: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from _named(look, host)
    yield from host_problems(host)
    yield from _without(look, "addresses", "endpoints")


def _fixed(look: Look, host: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from _named(look, host)
    yield from host_problems(host)
    addresses = texts(look.spec.get("addresses"), "addresses")
    if not 1 <= len(addresses) <= _MAX_ADDRESSES or repeated(addresses):
        yield "It needs one to 256 fixed addresses, each once."
    for address in addresses:
        yield from address_problems(address)
    if look.spec.get("endpoints") != [{"address": address} for address in addresses]:
        yield "Its endpoints are not its addresses."


def _range(look: Look, host: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Check `NONE`: the proxy dials what the client dialled, so the range is the only limit."""
    addresses = texts(look.spec.get("addresses"), "addresses")
    yield from _without(look, "endpoints")
    if len(addresses) != 1:
        yield "Resolution NONE needs exactly one address range, which is its only limit."
        return
    yield from range_problems(addresses[0])
    yield from _named(look, addresses[0])
    if host != synthetic_host(addresses[0]):
        yield f"With resolution NONE the host {quoted(host)} could be chosen by the client."
    yield from _only(ports, {"TCP", "TLS"}, "an address range")


def _dynamic(look: Look, host: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from _named(look, host)
    yield from host_problems(host, wildcard=True)
    if not host.startswith("*."):
        yield f"DYNAMIC_DNS is for wildcards, and {quoted(host)} is none."
    yield from _without(look, "addresses", "endpoints")
    served = _HTTP | {"TLS"} if WAYPOINT_LABEL in look.labels else {"TLS"}
    yield from _only(ports, served, "a wildcard")
    if any("targetPort" in port for port in ports):
        yield "TLS cannot be originated for a wildcard: no name to ask for and to check."


def _without(look: Look, *fields: str) -> Iterator[str]:
    for field in fields:
        if field in look.spec:
            yield f"{field} do not go with resolution {look.spec['resolution']}."


def _only(ports: Sequence[Mapping[str, Any]], protocols: set[str], what: str) -> Iterator[str]:
    for port in ports:
        if port.get("protocol") not in protocols:
            yield f"{quoted(port.get('protocol'))} is not written for {what}."


def _port_list(ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not 1 <= len(ports) <= _MAX_PORTS:
        yield "It needs one to 256 ports."
    for unique in ("number", "name"):
        if len({port.get(unique) for port in ports}) != len(ports):
            yield f"Two ports have the same {unique}."
    for port in ports:
        yield from _port(port)


def _port(port: Mapping[str, Any]) -> Iterator[str]:
    number, protocol = port.get("number"), port.get("protocol")
    yield from unknown(port, {"number", "name", "protocol", "targetPort"})
    if not is_port(number):
        yield f"{quoted(number)} is no port."
    if protocol not in _PROTOCOLS:
        yield f"{quoted(protocol)} is no protocol that is written."
    if port.get("name") != f"{str(protocol).lower()}-{number}":
        yield f"The port name {quoted(port.get('name'))} does not follow from protocol and number."
    if "targetPort" in port and (
        port["targetPort"] != 443 or number != 80 or protocol not in _HTTP
    ):
        yield "A targetPort other than 80 (HTTP) to 443 would send the wrong bytes to a port."


_RESOLUTIONS: Mapping[str, Callable[[Look, str, Sequence[Mapping[str, Any]]], Iterator[str]]] = {
    "DNS": _by_name,
    "DNS_ROUND_ROBIN": _by_name,
    "STATIC": _fixed,
    "NONE": _range,
    "DYNAMIC_DNS": _dynamic,
}
