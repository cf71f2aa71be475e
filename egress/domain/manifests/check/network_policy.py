"""What a NetworkPolicy of ours looks like: for clients, a gateway or a waypoint (istio.md 7)."""

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from egress.domain.manifests.check.addresses import address_problems
from egress.domain.manifests.check.gateway import is_istio_selector
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    is_port,
    labelled,
    mapping,
    mappings,
    texts,
    unknown,
)
from egress.domain.naming import NETWORK_POLICY_NAME, is_label_value
from egress.domain.wording import quoted

_WAYPOINT_LABEL = "gateway.networking.k8s.io/gateway-name"
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_WAYPOINT_PROBE = "169.254.7.127/32"
_NODE_DNS = "169.254.20.10/32"
_INTERNET = {
    "0.0.0.0/0": frozenset(
        {
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
        }
    ),
    "::/0": frozenset({"::/96", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8"}),
}
"""The Internet, and what is no part of it: private, link-local, metadata and reserved ranges."""


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of network policies."""
    yield from annotated(look)
    yield from labelled(look, {})
    yield from unknown(look.spec, {"podSelector", "policyTypes", "ingress", "egress"})
    if look.name == NETWORK_POLICY_NAME:
        yield from _client(look)
    else:
        yield from _gateway(look)
    rules = mappings(look.spec.get("egress"), "egress")
    if not rules:
        yield "It lets nothing out, not even to DNS and to istiod."
    for rule in rules:
        yield from _rule(rule, "to")


def _client(look: Look) -> Iterator[str]:
    """Check the policy of a client namespace: it closes the way out, and touches no way in."""
    if look.spec.get("podSelector") != {} or look.spec.get("policyTypes") != ["Egress"]:
        yield "It is not for what leaves all pods of its namespace, and for that alone."
    if "ingress" in look.spec:
        yield "It changes who may reach the pods of its namespace."
    peers = [
        peer for rule in look.spec.get("egress", []) for peer in mappings(rule.get("to"), "to")
    ]
    if any(map(_is_way_out, peers)) and any("ipBlock" in p and not _is_dns(p) for p in peers):
        yield "Its pods leave by a gateway, but it opens the way around it."


def _gateway(look: Look) -> Iterator[str]:
    selector = mapping(look.spec.get("podSelector"), "podSelector")
    if set(selector) != {"matchLabels"} or not _selects_way_out(selector["matchLabels"]):
        yield "It is neither for a client namespace nor for the pods of one gateway."
    if look.spec.get("policyTypes") != ["Ingress", "Egress"]:
        yield "It does not close both ways, in and out."
    for rule in mappings(look.spec.get("ingress"), "ingress"):
        yield from _rule(rule, "from")
        if not rule.get("ports"):
            yield "A way in names no port, so it opens the proxy's own ports."
    for rule in mappings(look.spec.get("egress"), "egress"):
        if {"namespaceSelector": {}} in mappings(rule.get("to"), "to"):
            yield "Through the gateway everybody would reach the whole cluster."


def _rule(rule: Mapping[str, Any], side: str) -> Iterator[str]:
    yield from unknown(rule, {side, "ports"})
    peers = mappings(rule.get(side), side)
    if not peers:
        yield f'A rule without "{side}" is for every address there is.'
    for peer in peers:
        yield from _peer(peer)
    if "ports" in rule and not rule["ports"]:
        yield "A rule with an empty list of ports is for every port."
    for port in mappings(rule.get("ports", []), "ports"):
        yield from unknown(port, {"protocol", "port"})
        if not is_port(port.get("port")) or port.get("protocol") not in ("TCP", "UDP"):
            yield f"{quoted(port.get('port'))} is no port of TCP or UDP."
        elif port["protocol"] == "UDP" and port["port"] != 53:
            yield "UDP is open for more than DNS."
    if any(map(_is_dns, peers)) and {p.get("port") for p in rule.get("ports", [])} != {53}:
        yield "The address of the node's DNS is open for more than DNS."


def _peer(peer: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown(peer, {"namespaceSelector", "podSelector", "ipBlock"})
    if "ipBlock" in peer:
        if len(peer) > 1:
            yield "A peer is both an address range and a selector."
        yield from _block(mapping(peer["ipBlock"], "ipBlock"))
        return
    namespaces = mapping(peer.get("namespaceSelector"), "namespaceSelector")
    if namespaces and not _selects(namespaces, {_NAMESPACE_LABEL}):
        yield "A peer's namespace is chosen by anything else than its name."
    if "podSelector" not in peer:
        return
    if not namespaces:
        yield "A peer's pods are in any namespace, where anybody gives them their labels."
    if not _selects(mapping(peer["podSelector"], "podSelector"), ()):
        yield "A peer's pods are not chosen by labels."


def _selects(selector: Mapping[str, Any], wanted: Collection[str]) -> bool:
    """Tell whether a selector has these labels, or any when none are wanted, and nothing else."""
    labels = selector.get("matchLabels")
    if set(selector) != {"matchLabels"} or not isinstance(labels, Mapping) or not labels:
        return False
    sound = all(isinstance(value, str) and is_label_value(value) for value in labels.values())
    return sound and (not wanted or set(labels) == set(wanted))


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown(block, {"cidr", "except"})
    cidr = block["cidr"]
    spared = frozenset(texts(block.get("except", []), "except"))
    if not isinstance(cidr, str):
        # Python's own reader takes numbers for addresses as well.
        yield f"{quoted(cidr)} is no address range."
    elif cidr in _INTERNET:
        if missing := _INTERNET[cidr] - spared:
            yield f"The way to {quoted(cidr)} is open to {', '.join(sorted(missing))} as well."
    elif cidr not in (_WAYPOINT_PROBE, _NODE_DNS):
        network = ipaddress.ip_network(cidr)
        yield from address_problems(str(network.network_address))
        yield from address_problems(str(network.broadcast_address))
        if network.prefixlen < 8:
            yield f"The range {quoted(cidr)} is neither the Internet nor a network of a company."


def _is_dns(peer: Mapping[str, Any]) -> bool:
    return peer.get("ipBlock") == {"cidr": _NODE_DNS}


def _is_way_out(peer: Mapping[str, Any]) -> bool:
    labels = mapping(peer.get("podSelector", {}), "podSelector").get("matchLabels")
    return _selects_way_out(labels)


def _selects_way_out(labels: object) -> bool:
    if not isinstance(labels, Mapping):
        return False
    if set(labels) == {_WAYPOINT_LABEL}:
        return isinstance(labels[_WAYPOINT_LABEL], str) and is_label_value(labels[_WAYPOINT_LABEL])
    return is_istio_selector(labels)
