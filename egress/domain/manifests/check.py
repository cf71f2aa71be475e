"""The last look at an object before it is written: the rules that no object of ours may break.

Independent of the generator on purpose: it reads the finished object only (istio.md 10.1, 10.2,
rows "portal", and 2.1 to 2.4).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egress.domain.hosts import HostError, canonical_host
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import (
    BASE_LABEL,
    CONTENT_HASH_ANNOTATION,
    INSTALLATION_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    SIDECAR_NAME,
    base,
    is_dns_label,
    origination_name,
)
from egress.domain.objects import content_hash

_PROTOCOLS = {"HTTP", "HTTP2", "GRPC", "TLS"}
_HTTP_PROTOCOLS = _PROTOCOLS - {"TLS"}
_METADATA_FIELDS = {"name", "namespace", "labels", "annotations", "uid"}


def check_object(obj: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an object that is about to be written, as sentences.

    An empty list means that it keeps every rule. Objects of unknown kinds keep none.
    """
    try:
        return list(_problems(obj))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [f"The object is malformed: {type(error).__name__} {error}."]


def _problems(obj: Mapping[str, Any]) -> Iterator[str]:
    kind = obj["kind"]
    if obj["apiVersion"] != NETWORKING_V1 or kind not in _CHECKS:
        yield f"{obj['apiVersion']} {kind} is a kind that the portal does not write."
        return
    yield from _metadata_problems(obj["metadata"])
    if unknown := set(obj) - {"apiVersion", "kind", "metadata", "spec"}:
        yield f"It carries fields of the server or of nobody: {', '.join(sorted(unknown))}."
    if obj["metadata"].get("annotations", {}).get(CONTENT_HASH_ANNOTATION) != content_hash(obj):
        yield "Its content hash is missing or is not that of its content."
    yield from _CHECKS[kind](obj["metadata"], obj["spec"])


def _metadata_problems(metadata: Mapping[str, Any]) -> Iterator[str]:
    labels = metadata.get("labels", {})
    if labels.get(MANAGED_BY_LABEL) != MANAGED_BY or not labels.get(INSTALLATION_LABEL):
        yield "The labels of ownership are missing."
    if any(name.startswith("istio.io/") for name in labels):
        yield "A label of Istio would tie it to one revision of the control plane."
    if not is_dns_label(metadata["name"]) or not is_dns_label(metadata.get("namespace", "")):
        yield "Its name or namespace is no DNS label."
    if unknown := set(metadata) - _METADATA_FIELDS:
        yield f"Its metadata carries {', '.join(sorted(unknown))}, which is not ours to set."


def _service_entry(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(spec, {"hosts", "exportTo", "location", "resolution", "ports"})
    if spec.get("exportTo") != ["."]:
        yield 'exportTo is not exactly ".".'
    if spec.get("location") != "MESH_EXTERNAL" or spec.get("resolution") != "DNS":
        yield "location and resolution are not MESH_EXTERNAL and DNS."
    hosts = spec.get("hosts", [])
    if len(hosts) != 1:
        yield "It does not have exactly one host."
        return
    yield from _host_problems(metadata, hosts[0], base(hosts[0]))
    ports = spec.get("ports", [])
    if not ports:
        yield "It has no port."
    for unique in ("number", "name"):
        if len({port.get(unique) for port in ports}) != len(ports):
            yield f"Two ports have the same {unique}."
    for port in ports:
        yield from _port_problems(port)


def _port_problems(port: Mapping[str, Any]) -> Iterator[str]:
    number, protocol = port.get("number"), port.get("protocol")
    yield from _unknown(port, {"number", "name", "protocol", "targetPort"})
    if not _is_port(number):
        yield f"{number!r} is no port."
    if protocol not in _PROTOCOLS:
        yield f"{protocol!r} is no protocol that is written under sidecar enforcement."
    if port.get("name") != f"{str(protocol).lower()}-{number}":
        yield f"The port name {port.get('name')!r} does not follow from protocol and number."
    if "targetPort" in port and (
        port["targetPort"] != 443 or number != 80 or protocol not in _HTTP_PROTOCOLS
    ):
        yield "A targetPort other than 80 (HTTP) to 443 would send the wrong bytes to a port."


def _destination_rule(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(spec, {"host", "exportTo", "trafficPolicy"})
    if spec.get("exportTo") != ["."]:
        yield 'exportTo is not exactly ".".'
    host = spec["host"]
    yield from _host_problems(metadata, host, origination_name(host))
    policy = spec.get("trafficPolicy", {})
    yield from _unknown(policy, {"portLevelSettings"})
    settings = policy.get("portLevelSettings", [])
    if not settings:
        yield "It has no port level settings."
    for setting in settings:
        yield from _unknown(setting, {"port", "tls"})
        if setting["port"] != {"number": 80}:
            yield "TLS is originated for another port than 80."
        if setting["tls"] != {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}:
            yield "TLS origination is not SIMPLE with the host as sni and as only subjectAltName."


def _sidecar(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    if metadata["name"] != SIDECAR_NAME:
        yield f"The Sidecar of a namespace is named {SIDECAR_NAME!r}."
    if spec != {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}:
        yield "The Sidecar does anything else than deny unregistered hosts."


def _host_problems(metadata: Mapping[str, Any], host: str, name: str) -> Iterator[str]:
    if metadata["name"] != name or metadata["labels"].get(BASE_LABEL) != base(host):
        yield "Its name or base label does not follow from its host."
    try:
        canonical = canonical_host(host)
    except HostError as error:
        yield error.message
        return
    if canonical != host:
        yield f"The host is not spelled {canonical!r}."


def _is_port(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535


def _unknown(found: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    if unknown := set(found) - known:
        yield f"It has fields that the portal does not write: {', '.join(sorted(unknown))}."


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[str]]] = {
    "ServiceEntry": _service_entry,
    "DestinationRule": _destination_rule,
    "Sidecar": _sidecar,
}
