"""What a DestinationRule of ours looks like: three roles, told apart by its name (3.4, 3.6, 6)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from egress.domain.manifests.check.gateway import is_of_gateway
from egress.domain.manifests.check.hosts import (
    door_of,
    host_problems,
    named_after,
    service_namespace,
)
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
from egress.domain.naming import (
    BASE_LABEL,
    CLIENT_LABEL,
    CLIENT_PREFIX,
    HTTP_SNI,
    HTTP_SUBSET,
    client_rule_name,
    fixed_address_name,
    is_dns_label,
    origination_name,
    subset_name,
)
from egress.domain.wording import quoted

_HTTP_POLICY = {
    "connectionPool": {"http": {"useClientProtocol": True}},
    "tls": {"mode": "ISTIO_MUTUAL", "sni": HTTP_SNI},
}


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of DestinationRules."""
    yield from annotated(look)
    yield from _role(look)(look)


def _role(look: Look) -> Callable[[Look], Iterator[str]]:
    if look.name.startswith(CLIENT_PREFIX) and CLIENT_LABEL in look.labels:
        return _client
    return _origination if look.name.endswith("-orig") else _fixed_address


def _origination(look: Look) -> Iterator[str]:
    """Check that TLS is spoken to the host by name, and that its certificate is compared."""
    spec = look.spec
    yield from unknown(spec, {"host", "exportTo", "trafficPolicy"})
    yield from _beside_its_entry(look, texts(spec.get("exportTo"), "exportTo"))
    host = spec["host"]
    yield from host_problems(host)
    yield from named_after(look, host, origination_name(host))
    policy = mapping(spec.get("trafficPolicy", {}), "trafficPolicy")
    yield from unknown(policy, {"portLevelSettings"})
    settings = mappings(policy.get("portLevelSettings", []), "portLevelSettings")
    if not settings:
        yield "It has no port level settings."
    if len(settings) > 1:
        yield "It has two settings for one port."
    for setting in settings:
        yield from unknown(setting, {"port", "tls"})
        if setting["port"] != {"number": 80}:
            yield "TLS is originated for another port than 80."
        if setting["tls"] != _simple(host):
            yield "TLS origination is not SIMPLE with the host as sni and as only subjectAltName."


def _client(look: Look) -> Iterator[str]:
    """Check how one client namespace reaches a gateway: its own doors, and no others."""
    spec = look.spec
    namespace = look.labels[CLIENT_LABEL]
    yield from unknown(spec, {"host", "exportTo", "subsets"})
    yield from labelled(look, {CLIENT_LABEL: namespace})
    if not is_dns_label(namespace) or not _is_client_rule(look.name, namespace):
        yield f"Its name does not follow from its client namespace {quoted(namespace)}."
    owner = service_namespace(spec.get("host"))
    if owner is None:
        yield f"{quoted(spec.get('host'))} is not the full name of a gateway's Service."
    # Istio looks in the client's namespace and in that of the Service, nowhere else (3.4).
    fallback = look.namespace == namespace
    if not fallback and owner != look.namespace:
        yield "It is neither in the client's namespace nor in that of the gateway."
    if spec.get("exportTo") != (["."] if fallback else [namespace]):
        yield f"exportTo is not exactly the one client namespace {quoted(namespace)}."
    subsets = mappings(spec.get("subsets"), "subsets")
    if not subsets or repeated([str(subset.get("name")) for subset in subsets]):
        yield "It has no subset, or two of one name."
    for subset in subsets:
        yield from unknown(subset, {"name", "trafficPolicy"})
        yield from _subset(namespace, subset)


def _subset(namespace: str, subset: Mapping[str, Any]) -> Iterator[str]:
    name = subset["name"]
    policy = mapping(subset.get("trafficPolicy"), "trafficPolicy")
    if name == HTTP_SUBSET:
        if policy != _HTTP_POLICY:
            yield f"The subset {quoted(name)} is not ISTIO_MUTUAL with the SNI {quoted(HTTP_SNI)}."
        return
    tls = mapping(policy.get("tls"), "tls")
    sni = tls.get("sni")
    if policy != {"tls": {"mode": "ISTIO_MUTUAL", "sni": sni}}:
        yield f"The subset {quoted(name)} is anything else than ISTIO_MUTUAL with its SNI."
    door = door_of(sni) if isinstance(sni, str) else None
    if door is None or door.namespace != namespace or subset_name(door.host, door.port) != name:
        yield f"The SNI of {quoted(name)} is not a door of {quoted(namespace)}: {quoted(sni)}."


def _fixed_address(look: Look) -> Iterator[str]:
    """Check how sidecars speak to the addresses behind a name of their own namespace."""
    spec = look.spec
    yield from unknown(spec, {"host", "exportTo", "trafficPolicy"})
    yield from labelled(look, {}, {BASE_LABEL})
    yield from _private(look)
    host = spec["host"]
    alias = host.partition(".")[0]
    if service_namespace(host) != look.namespace or look.name != fixed_address_name(alias):
        yield f"Its name does not follow from its host {quoted(host)} in its own namespace."
    policy = mapping(spec.get("trafficPolicy"), "trafficPolicy")
    yield from unknown(policy, {"tls", "portLevelSettings"})
    settings = mappings(policy.get("portLevelSettings", []), "portLevelSettings")
    if not policy or repeated([str(setting.get("port")) for setting in settings]):
        yield "It says nothing about TLS, or twice about one port."
    for setting in settings:
        yield from unknown(setting, {"port", "tls"})
        if not is_port(mapping(setting.get("port"), "port").get("number")):
            yield "A port level setting is for no port."
        yield from _fixed_tls(setting.get("tls"))
    if "tls" in policy:
        yield from _fixed_tls(policy["tls"])


def _fixed_tls(tls: Any) -> Iterator[str]:
    if tls == {"mode": "DISABLE"}:
        return
    sni = mapping(tls, "tls").get("sni")
    if tls != _simple(sni) or list(host_problems(sni)):
        yield "TLS is neither DISABLE nor SIMPLE with one host as sni and as only subjectAltName."


def _private(look: Look) -> Iterator[str]:
    if look.spec.get("exportTo") != ["."]:
        yield 'exportTo is not exactly ".".'


def _beside_its_entry(look: Look, exported: Sequence[str]) -> Iterator[str]:
    """Check who originates: "." alone, or with central entries the clients' own sidecars (2.6)."""
    if "." not in exported or repeated(exported) or look.namespace in exported:
        yield 'exportTo has no ".", or names a namespace twice.'
    for name in exported:
        if name != "." and not is_dns_label(name):
            yield f"exportTo has {quoted(name)}, which is no namespace."


def _simple(host: object) -> dict[str, object]:
    """Return the one way to originate TLS: without both names no certificate is compared."""
    return {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}


def _is_client_rule(name: str, namespace: str) -> bool:
    middle = name.removeprefix(CLIENT_PREFIX).removesuffix(
        client_rule_name(namespace).removeprefix(CLIENT_PREFIX)
    )
    gateway_id = middle.removesuffix("-")
    if gateway_id and not is_of_gateway(f"id-{gateway_id}", "id"):
        return False
    return name == client_rule_name(namespace, gateway_id or "main")
