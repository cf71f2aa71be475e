"""ServiceEntry, Sidecar and Gateway: what is reachable, from where, through which door.

Source: Istio's reference for `networking.istio.io/v1`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from .build import choice, kind, listing, mapping, obj, rule, text, texts, uint32
from .istio_common import (
    STATUS,
    connection_pool,
    destination,
    istio_root,
    port_number,
    server_port,
    server_tls,
    workload_labels,
)
from .node import Node

NETWORKING = "networking.istio.io"
_Fields = Mapping[str, object]
_is_port_name = re.compile("[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII).fullmatch


def _are_port_names(ports: _Fields) -> bool:
    return all(len(name) < 63 and _is_port_name(name) for name in ports)


def _is_socket_path(address: str) -> bool:
    return not address.startswith("unix://") or address[7:8] in ("/", "@")


def _is_no_folder(address: str) -> bool:
    return not (address.startswith("unix://") and address.endswith("/"))


def _socket_without_ports(endpoint: _Fields) -> bool:
    address = endpoint.get("address", "")
    return not str(address).startswith("unix://") or "ports" not in endpoint


def _ranges_only_without_dns(spec: _Fields) -> bool:
    addresses = spec.get("addresses", ())
    ranges = isinstance(addresses, list) and any("/" in str(address) for address in addresses)
    return not ranges or spec.get("resolution", "NONE") in ("STATIC", "NONE")


def _few_round_robin_endpoints(spec: _Fields) -> bool:
    endpoints = spec.get("endpoints", ())
    many = isinstance(endpoints, list) and len(endpoints) > 1
    return spec.get("resolution") != "DNS_ROUND_ROBIN" or not many


def _numbers_once(ports: Sequence[_Fields]) -> bool:
    return max(Counter(port["number"] for port in ports).values(), default=1) == 1


def _endpoint() -> Node:
    names = rule("port name must be valid", _are_port_names)
    address = [
        rule("UDS must be an absolute path or abstract socket", _is_socket_path),
        rule("UDS may not be a dir", _is_no_folder),
    ]
    return obj(
        {
            "address": text(most=256, rules=address),
            "ports": mapping(port_number(), most=128, rules=[names]),
            "labels": mapping(text(), most=256),
            "network": text(most=2048),
            "locality": text(most=2048),
            "weight": uint32(),
            "serviceAccount": text(most=253),
        },
        rules=[
            rule("Address is required", lambda end: "address" in end or "network" in end),
            rule("UDS may not include ports", _socket_without_ports),
        ],
    )


def _entry_port() -> Node:
    return obj(
        {
            "number": port_number(),
            "protocol": text(most=256),
            "name": text(most=256),
            "targetPort": port_number(),
        },
        required=("number", "name"),
    )


def _service_entry() -> Node:
    host = text(rules=[rule("hostname cannot be wildcard", lambda host: host != "*")])
    once = rule("port number cannot be duplicated", _numbers_once)
    spec = obj(
        {
            "hosts": listing(host, least=1, most=256),
            "addresses": listing(text(most=64), most=256),
            "ports": listing(_entry_port(), most=256, keys=("name",), rules=[once]),
            "location": choice("MESH_EXTERNAL", "MESH_INTERNAL"),
            "resolution": choice("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"),
            "endpoints": listing(_endpoint(), most=4096),
            "workloadSelector": workload_labels(),
            "exportTo": texts(),
            "subjectAltNames": texts(),
        },
        required=("hosts",),
        rules=[
            rule(
                "only one of WorkloadSelector or Endpoints can be set",
                lambda spec: not ("workloadSelector" in spec and "endpoints" in spec),
            ),
            rule(
                "CIDR addresses are allowed only for NONE/STATIC resolution types",
                _ranges_only_without_dns,
            ),
            rule(
                "NONE mode cannot set endpoints",
                lambda spec: spec.get("resolution", "NONE") != "NONE" or "endpoints" not in spec,
            ),
            rule("DNS_ROUND_ROBIN mode cannot have multiple endpoints", _few_round_robin_endpoints),
        ],
    )
    root = istio_root(
        NETWORKING, "ServiceEntry", "serviceentries", "Makes hosts known to the mesh."
    )
    return kind(root, {"spec": spec, "status": STATUS}, required=("spec",))


def _sidecar() -> Node:
    capture = choice("DEFAULT", "IPTABLES", "NONE")
    egress = obj(
        {"port": server_port(), "bind": text(), "captureMode": capture, "hosts": texts()},
        required=("hosts",),
    )
    ingress = obj(
        {
            "port": server_port(),
            "bind": text(),
            "captureMode": capture,
            "defaultEndpoint": text(),
            "tls": server_tls(),
            "connectionPool": connection_pool(),
        },
        required=("port",),
    )
    policy = obj({"mode": choice("REGISTRY_ONLY", "ALLOW_ANY"), "egressProxy": destination()})
    spec = obj(
        {
            "workloadSelector": workload_labels(),
            "ingress": listing(ingress),
            "egress": listing(egress),
            "inboundConnectionPool": connection_pool(),
            "outboundTrafficPolicy": policy,
        }
    )
    root = istio_root(
        NETWORKING, "Sidecar", "sidecars", "Limits what the proxies of a namespace can reach."
    )
    return kind(root, {"spec": spec, "status": STATUS})


def _gateway() -> Node:
    server = obj(
        {
            "port": server_port(required=("number", "protocol", "name")),
            "bind": text(),
            "hosts": texts(),
            "tls": server_tls(),
            "defaultEndpoint": text(),
            "name": text(),
        },
        required=("port", "hosts"),
    )
    spec = obj({"servers": listing(server), "selector": mapping(text())})
    root = istio_root(NETWORKING, "Gateway", "gateways", "Opens ports on a gateway's proxies.")
    return kind(root, {"spec": spec, "status": STATUS})


SERVICE_ENTRY = _service_entry()
SIDECAR = _sidecar()
GATEWAY = _gateway()
