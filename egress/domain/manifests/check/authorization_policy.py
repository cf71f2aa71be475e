"""What an AuthorizationPolicy of ours looks like: only ALLOW (3.7, 5, 10.3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egress.domain.manifests.check.gateway import is_istio_selector, is_of_gateway
from egress.domain.manifests.check.hosts import authority, host_problems, named_after
from egress.domain.manifests.check.identities import principals, too_many
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
from egress.domain.naming import BASE_LABEL, DEFAULT_DENY_NAME, base
from egress.domain.wording import quoted

_HANDSHAKE = "handshake"
_HTTP_PORTS = {"80", "8080"}
_MAX_RULES = 512
_GATEWAY_API = "gateway.networking.k8s.io"
_WAYPOINT_DENY = "-default-deny"


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of policies."""
    yield from annotated(look)
    if look.name == DEFAULT_DENY_NAME:
        yield from _default_deny(look)
    elif is_of_gateway(look.name, _HANDSHAKE):
        yield from _handshake(look)
    elif look.name.endswith(_WAYPOINT_DENY):
        yield from _waypoint_deny(look)
    else:
        yield from _host_policy(look)


def _default_deny(look: Look) -> Iterator[str]:
    """Check that it stays empty: ALLOW without rules denies what no other policy allows."""
    yield from labelled(look, {})
    if look.spec != {}:
        yield "The policy that denies everything else is not empty."


def _waypoint_deny(look: Look) -> Iterator[str]:
    yield from labelled(look, {})
    name = look.name.removesuffix(_WAYPOINT_DENY)
    if look.spec != {"targetRefs": [{"group": _GATEWAY_API, "kind": "Gateway", "name": name}]}:
        yield "The policy that denies everything else has another target or rules."


def _handshake(look: Look) -> Iterator[str]:
    """Check the policy that says: where doors are, the handshake has decided.

    A bare `*` is allowed here only, because it names the port of the doors alone. Naming a port of
    the HTTP family as well would open every HTTP host to the whole mesh.
    """
    yield from labelled(look, {})
    yield from unknown(look.spec, {"selector", "action", "rules"})
    yield from _attached_to_gateway(look)
    rules = mappings(look.spec.get("rules"), "rules")
    ports = _operation(rules[0]).get("ports") if len(rules) == 1 else None
    wanted = [
        {
            "from": [{"source": {"principals": ["*"]}}],
            "to": [{"operation": {"ports": ports}}],
        }
    ]
    if rules != wanted or not _is_one_port(ports) or _HTTP_PORTS & set(ports or ()):
        yield 'It is anything else than every identity ("*") on the one port of the doors.'


def _host_policy(look: Look) -> Iterator[str]:
    spec = look.spec
    is_waypoint = "targetRefs" in spec
    yield from unknown(spec, {"targetRefs" if is_waypoint else "selector", "action", "rules"})
    yield from _attached_to_entry(look) if is_waypoint else _attached_to_gateway(look)
    yield from labelled(look, {BASE_LABEL: look.name})
    rules = mappings(spec.get("rules"), "rules")
    if not 1 <= len(rules) <= _MAX_RULES:
        yield "It needs one to 512 rules."
    admitted = []
    for rule in rules:
        yield from unknown(rule, {"from", "to", "when"} if is_waypoint else {"from", "to"})
        listed = _principals(rule)
        admitted += listed
        yield from principals(look, listed)
        yield from _operations(look, rule, is_waypoint=is_waypoint)
    yield from too_many(len(admitted))
    yield from _distinct(rules, is_waypoint=is_waypoint)


def _attached_to_gateway(look: Look) -> Iterator[str]:
    yield from _allows(look)
    selector = mapping(look.spec.get("selector"), "selector")
    if set(selector) != {"matchLabels"} or not is_istio_selector(selector["matchLabels"]):
        yield 'It is not attached to the pods of one gateway by the label "istio" alone.'


def _attached_to_entry(look: Look) -> Iterator[str]:
    yield from _allows(look)
    target = {"group": "networking.istio.io", "kind": "ServiceEntry", "name": look.name}
    if look.spec["targetRefs"] != [target]:
        yield "Its only target is not the ServiceEntry of its own name."


def _allows(look: Look) -> Iterator[str]:
    if look.spec.get("action") != "ALLOW":
        yield f"Its action is {quoted(look.spec.get('action'))}; only ALLOW is ever written."


def _principals(rule: Mapping[str, Any]) -> list[str]:
    """Return whom a rule admits; nobody named unless it is said in the one way we say it."""
    sources = mappings(rule.get("from", []), "from")
    source = mapping(sources[0].get("source", {}), "source") if len(sources) == 1 else {}
    if set(source) != {"principals"} or set(sources[0]) != {"source"}:
        return []
    return texts(source["principals"], "principals")


def _operation(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a rule allows; an empty one unless it is said in the one way we say it."""
    targets = mappings(rule.get("to", []), "to")
    if len(targets) != 1 or set(targets[0]) != {"operation"}:
        return {}
    return mapping(targets[0]["operation"], "operation")


def _operations(look: Look, rule: Mapping[str, Any], *, is_waypoint: bool) -> Iterator[str]:
    operation = _operation(rule)
    ports = texts(operation.get("ports", []), "ports")
    yield from unknown(operation, {"ports", "hosts"})
    if not _is_one_port(ports):
        yield "A rule does not name exactly one port."
        return
    if "hosts" in operation:
        yield from _hosts(look, texts(operation["hosts"], "hosts"), ports, is_waypoint=is_waypoint)
    elif not is_waypoint:
        yield "A rule names no host, so it admits to every HTTP host of the gateway."
    if "when" in rule:
        yield from _server_name(look, rule["when"], has_hosts="hosts" in operation)


def _hosts(look: Look, hosts: list[str], ports: list[str], *, is_waypoint: bool) -> Iterator[str]:
    """Compare the authorities: on port 80 with and without it, else with the port only."""
    host, _, last = hosts[0].partition(":") if hosts else ("", "", "")
    port = int(last) if last.isdecimal() else 80
    wanted = [host, f"{host}:80"] if port == 80 else [authority(host, port)]
    if hosts != wanted or not is_port(port):
        yield f"A rule's hosts are not the authorities of one host and port: {', '.join(hosts)}."
    if is_waypoint and ports != [str(port)]:
        yield "A rule's port is not that of its hosts."
    yield from _of_host(look, host, wildcard=is_waypoint)


def _server_name(look: Look, when: object, *, has_hosts: bool) -> Iterator[str]:
    conditions = mappings(when, "when")
    values = texts(conditions[0].get("values"), "values") if len(conditions) == 1 else []
    if len(values) != 1 or conditions[0] != {"key": "connection.sni", "values": values}:
        yield "A rule has another condition than one server name in the handshake."
        return
    if has_hosts:
        yield "A rule mixes HTTP hosts with a server name: it would be dropped from one of them."
    yield from _of_host(look, values[0], wildcard=True)


def _of_host(look: Look, host: str, *, wildcard: bool) -> Iterator[str]:
    yield from host_problems(host, wildcard=wildcard)
    yield from named_after(look, host, base(host))


def _distinct(rules: Sequence[Mapping[str, Any]], *, is_waypoint: bool) -> Iterator[str]:
    operations = [_operation(rule) for rule in rules]
    targets = [str(op.get("ports" if is_waypoint else "hosts")) for op in operations]
    if repeated(targets):
        yield "Two rules are for the same port of the host."
    if not is_waypoint and len({str(op.get("ports")) for op in operations}) > 1:
        yield "Its rules name different ports of the gateway."


def _is_one_port(ports: object) -> bool:
    if not isinstance(ports, list) or len(ports) != 1 or not isinstance(ports[0], str):
        return False
    return ports[0].isascii() and ports[0].isdecimal() and is_port(int(ports[0]))
