"""What a Service of ours looks like: a name in one namespace, for a host or for addresses (6)."""

from collections.abc import Iterator, Mapping
from typing import Any

from egress.domain.manifests.check.hosts import host_problems
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    is_port,
    labelled,
    mappings,
    repeated,
    unknown,
)
from egress.domain.naming import BASE_LABEL, base
from egress.domain.wording import quoted

EXPORT_ANNOTATION = "networking.istio.io/exportTo"
_HTTP = {"http", "http2", "grpc"}
_PROTOCOLS = _HTTP | {"tls", "tcp"}


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of Services."""
    yield from labelled(look, {}, {BASE_LABEL})
    if look.spec.get("type") == "ExternalName":
        yield from _external_name(look)
    else:
        yield from _fixed_address(look)


def _external_name(look: Look) -> Iterator[str]:
    yield from annotated(look)
    yield from unknown(look.spec, {"type", "externalName"})
    host = look.spec.get("externalName", "")
    yield from host_problems(host)
    if look.labels.get(BASE_LABEL, base(host)) != base(host):
        yield f"Its base label does not follow from its host {quoted(host)}."


def _fixed_address(look: Look) -> Iterator[str]:
    """Check a Service without selector: without the annotation the whole mesh may use it."""
    yield from annotated(look, {EXPORT_ANNOTATION: "."})
    yield from unknown(look.spec, {"type", "ports"})
    if look.spec.get("type", "ClusterIP") != "ClusterIP":
        yield f"{quoted(look.spec['type'])} would be reachable from outside the cluster."
    ports = mappings(look.spec.get("ports"), "ports")
    if not ports:
        yield "It has no port."
    for field in ("name", "port"):
        if repeated([str(port.get(field)) for port in ports]):
            yield f"Two ports have the same {field}."
    for port in ports:
        yield from unknown(port, {"name", "port", "targetPort", "protocol"})
        yield from named_port(port)
        if str(port.get("name")).rpartition("-")[2] != str(port.get("port")):
            yield f"The port name {quoted(port.get('name'))} does not follow from its port."
        yield from leads_to(str(port.get("name")), port.get("targetPort"))


def named_port(port: Mapping[str, Any]) -> Iterator[str]:
    """Check number, transport, and the name from which Istio knows the protocol (IST0150)."""
    if not is_port(port.get("port")) or port.get("protocol") != "TCP":
        yield f"{quoted(port.get('port'))} is no port of TCP."
    protocol, _, number = str(port.get("name")).rpartition("-")
    if protocol not in _PROTOCOLS or not number.isdecimal():
        yield f"From the port name {quoted(port.get('name'))} no protocol follows."


def leads_to(name: str, number: object) -> Iterator[str]:
    """Check on which port the addresses are asked: the named one, or for HTTP on 80 TLS on 443."""
    protocol, _, named = name.rpartition("-")
    is_originated = named == "80" and protocol in _HTTP and number == 443
    if str(number) != named and not is_originated:
        yield f"The port {quoted(name)} leads to another port, {quoted(number)}."
