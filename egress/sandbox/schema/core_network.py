"""Service, EndpointSlice and NetworkPolicy.

Source: the API reference of Kubernetes 1.36, and defaults as a 1.36 API server fills them in.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

from .build import (
    boolean,
    choice,
    int_or_text,
    integer,
    kind,
    listing,
    mapping,
    needed,
    obj,
    rule,
    text,
    texts,
)
from .core_common import (
    PORT_RANGE,
    Fields,
    Object,
    conditions,
    in_port_range,
    is_ip,
    label_selector,
    object_reference,
    port,
    protocol,
)
from .formats import is_ipv4, is_ipv6
from .metadata import name_problems
from .node import Node, Root


def _complete_service(service: Object) -> None:
    spec = service.setdefault("spec", {})
    service.setdefault("status", {"loadBalancer": {}})
    for entry in spec.get("ports") or ():
        entry.setdefault("targetPort", entry.get("port"))
    if spec["type"] == "ExternalName":
        return
    spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _needs_ports(spec: Fields) -> bool:
    return spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"


def _names_once(ports: list[Fields]) -> bool:
    names = Counter(entry["name"] for entry in ports if entry.get("name"))
    return max(names.values(), default=1) == 1


def _name_is_subdomain(spec: Fields) -> bool:
    name = str(spec.get("externalName", "")).rstrip(".")
    return spec.get("type") != "ExternalName" or not name_problems("subdomain", name)


def _all_named(spec: Fields) -> bool:
    ports = spec.get("ports", ())
    return len(ports) < 2 or all("name" in entry for entry in ports)


_SERVICE_RULES = (
    needed(".ports", lambda spec: bool(spec.get("ports")) or not _needs_ports(spec)),
    needed(".ports[0].name", _all_named),
    rule("port names must be unique", lambda s: _names_once(s.get("ports", [])), at=".ports"),
    rule(
        "a lowercase RFC 1123 subdomain is required when `type` is ExternalName",
        _name_is_subdomain,
        at=".externalName",
    ),
)


def _service_port() -> Node:
    in_range = rule(
        PORT_RANGE.message, lambda e: in_port_range(e.get("targetPort")), at=".targetPort"
    )
    return obj(
        {
            "name": text(),
            "protocol": protocol(),
            "appProtocol": text(),
            "port": port(),
            "targetPort": int_or_text(),
            "nodePort": integer(form="int32"),
        },
        required=("port",),
        rules=[in_range],
    )


def _service_spec() -> Node:
    plain = "clusterIP externalName loadBalancerIP loadBalancerClass trafficDistribution"
    lists = "clusterIPs externalIPs loadBalancerSourceRanges ipFamilies"
    traffic = choice("Cluster", "Local")
    timeout = obj({"timeoutSeconds": integer(form="int32")})
    types = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    return obj(
        {
            **{name: text() for name in plain.split()},
            **{name: texts() for name in lists.split()},
            "type": choice(*types, default="ClusterIP"),
            "ports": listing(_service_port(), keys=("port", "protocol")),
            "selector": mapping(text(), atomic=True),
            "sessionAffinity": choice("ClientIP", "None", default="None"),
            "sessionAffinityConfig": obj({"clientIP": timeout}),
            "externalTrafficPolicy": traffic,
            "internalTrafficPolicy": traffic,
            "healthCheckNodePort": integer(form="int32"),
            "publishNotReadyAddresses": boolean(),
            "ipFamilyPolicy": choice("PreferDualStack", "RequireDualStack", "SingleStack"),
            "allocateLoadBalancerNodePorts": boolean(),
        },
        rules=_SERVICE_RULES,
        default={},
    )


def _service() -> Node:
    fields = {"loadBalancer": obj(preserve_unknown=True), "conditions": conditions()}
    root = Root(
        "",
        "v1",
        "Service",
        "services",
        name_form="label1035",
        description="A name and an address for pods.",
        complete=_complete_service,
    )
    return kind(root, {"spec": _service_spec(), "status": obj(fields, preserve_unknown=True)})


def _address_problem(slice_: Fields) -> bool:
    check = {"IPv4": is_ipv4, "IPv6": is_ipv6}.get(slice_.get("addressType", ""))
    endpoints = slice_.get("endpoints") or ()
    return check is None or all(check(a) for e in endpoints for a in e["addresses"])


def _endpoint_slice() -> Node:
    hint = listing(obj({"name": text()}, required=("name",)))
    endpoint = obj(
        {
            "addresses": listing(text(), least=1, most=100, unique=True),
            "conditions": obj({n: boolean() for n in ("ready", "serving", "terminating")}),
            "hostname": text(),
            "targetRef": object_reference(),
            "deprecatedTopology": mapping(text()),
            "nodeName": text(),
            "zone": text(),
            "hints": obj({"forZones": hint, "forNodes": hint}),
        },
        required=("addresses",),
    )
    entry = obj(
        {
            "name": text(default=""),
            "protocol": protocol(),
            "port": port(),
            "appProtocol": text(),
        },
        atomic=True,
    )
    wrong = rule("must be addresses of the slice's addressType", _address_problem, at="endpoints")
    fields = {
        "addressType": choice("FQDN", "IPv4", "IPv6"),
        "endpoints": listing(endpoint, most=1000),
        "ports": listing(entry, most=20000),
    }
    root = Root(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        description="The addresses behind a Service.",
    )
    return kind(root, fields, required=("addressType", "endpoints"), rules=[wrong])


def _complete_policy(policy: Object) -> None:
    spec = policy.get("spec")
    if isinstance(spec, dict) and not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _is_range(cidr: str) -> bool:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return "/" in cidr and is_ip(cidr.partition("/")[0])


def _one_way_of_naming(peer: Fields) -> bool:
    return "ipBlock" not in peer or len(peer) == 1


def _exceptions_inside(block: Fields) -> bool:
    try:
        whole = ipaddress.ip_network(block["cidr"], strict=False)
        parts = [ipaddress.ip_network(part, strict=False) for part in block.get("except", ())]
    except ValueError:
        return True
    same = [part for part in parts if part.version == whole.version]
    return len(same) == len(parts) and all(
        part.prefixlen > whole.prefixlen and part.network_address in whole for part in same
    )


def _peer() -> Node:
    message = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    cidr = text(rules=[rule(message, _is_range)])
    inside = rule("must be a strict subset of `cidr`", _exceptions_inside, at=".except")
    block = obj({"cidr": cidr, "except": listing(cidr)}, required=("cidr",), rules=[inside])
    return obj(
        {
            "podSelector": label_selector(),
            "namespaceSelector": label_selector(),
            "ipBlock": block,
        },
        rules=[
            needed("", bool, "must specify a peer"),
            rule("may not specify both ipBlock and another peer", _one_way_of_naming),
        ],
    )


def _ends_after_start(entry: Fields) -> bool:
    start = entry.get("port")
    return "endPort" not in entry or (isinstance(start, int) and entry["endPort"] >= start)


def _policy_port() -> Node:
    return obj(
        {"protocol": protocol(), "port": int_or_text(), "endPort": port()},
        rules=[
            rule(PORT_RANGE.message, lambda entry: in_port_range(entry.get("port")), at=".port"),
            rule("must be greater than or equal to `port`", _ends_after_start, at=".endPort"),
        ],
    )


def _network_policy() -> Node:
    peers, ports = listing(_peer()), listing(_policy_port())
    spec = obj(
        {
            "podSelector": label_selector(default={}),
            "policyTypes": listing(choice("Egress", "Ingress")),
            "ingress": listing(obj({"from": peers, "ports": ports})),
            "egress": listing(obj({"to": peers, "ports": ports})),
        }
    )
    root = Root(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        description="Which connections pods may make and take.",
        complete=_complete_policy,
    )
    return kind(root, {"spec": spec})


SERVICE = _service()
ENDPOINT_SLICE = _endpoint_slice()
NETWORK_POLICY = _network_policy()
