"""For every rule about several fields at once, a spec that breaks it: (kind, message, spec)."""

from __future__ import annotations

from typing import Any

Case = tuple[tuple[str, str], str, dict[str, Any]]
ENTRY = ("networking.istio.io", "ServiceEntry")
SIDECAR = ("networking.istio.io", "Sidecar")
ISTIO_GATEWAY = ("networking.istio.io", "Gateway")
POLICY = ("security.istio.io", "AuthorizationPolicy")
PEER = ("security.istio.io", "PeerAuthentication")
REQUEST = ("security.istio.io", "RequestAuthentication")
TELEMETRY = ("telemetry.istio.io", "Telemetry")
GATEWAY = ("gateway.networking.k8s.io", "Gateway")
END: dict[str, Any] = {"address": "a.example"}
LABELS = {"matchLabels": {"a": "b"}}
REF = {"kind": "Service", "name": "web"}
CERT = {"serverCertificate": "/c"}


def entry(message: str, **spec: Any) -> Case:
    return ENTRY, message, {"hosts": ["a.example"], **spec}


ENTRIES: list[Case] = [
    entry("hostname cannot be wildcard", hosts=["*"]),
    entry("port number cannot be duplicated", ports=[
        {"number": 1, "name": "a"}, {"number": 2, "name": "b"}, {"number": 1, "name": "c"}]),
    entry("only one of WorkloadSelector or Endpoints can be set",
          resolution="STATIC", endpoints=[END], workloadSelector={}),
    entry("CIDR addresses are allowed only for NONE/STATIC resolution types",
          resolution="DNS", addresses=["203.0.113.1", "203.0.113.0/24"]),
    entry("CIDR addresses are allowed only for NONE/STATIC resolution types",
          resolution="DYNAMIC_DNS", addresses=["10.0.0.0/8"]),
    entry("NONE mode cannot set endpoints", resolution="NONE", endpoints=[END]),
    entry("NONE mode cannot set endpoints", endpoints=[END]),
    entry("NONE mode cannot set endpoints", endpoints=[]),
    entry("DNS_ROUND_ROBIN mode cannot have multiple endpoints",
          resolution="DNS_ROUND_ROBIN", endpoints=[END, END]),
    entry("Address is required", resolution="DNS", endpoints=[{"weight": 1}]),
    entry("UDS may not include ports", resolution="STATIC",
          endpoints=[{"address": "unix:///a", "ports": {}}]),
]  # fmt: skip
BOTH_LISTS = {"tlsCertificates": [CERT], "credentialNames": ["a"]}
BOTH_NAMES = {"credentialName": "a", "credentialNames": ["b"]}
SERVER_TLS: list[tuple[str, dict[str, Any]]] = [
    ("only one of credentialNames or tlsCertificates can be set", BOTH_LISTS),
    ("only one of credentialName or tlsCertificates can be set", BOTH_LISTS),
    ("only one of credentialName or credentialNames can be set", BOTH_NAMES),
]
SERVERS: list[Case] = [
    (SIDECAR, message, {"ingress": [{"port": {}, "tls": tls}]}) for message, tls in SERVER_TLS
]
PORT = {"number": 1, "protocol": "TLS", "name": "a"}
SERVERS += [
    (ISTIO_GATEWAY, message, {"servers": [{"port": PORT, "hosts": [], "tls": tls}]})
    for message, tls in SERVER_TLS
]
TARGETS = "only one of targetRefs or selector can be set"
SELECTED: list[Case] = [
    (kind, TARGETS, spec)
    for kind in (POLICY, REQUEST, TELEMETRY)
    for spec in (
        {"selector": {}, "targetRef": REF},
        {"selector": LABELS, "targetRefs": []},
        {"targetRef": REF, "targetRefs": [REF]},
    )
]
ACCOUNTS = "Cannot set serviceAccounts with namespaces or principals"


def source(**fields: list[str]) -> dict[str, Any]:
    return {"rules": [{"from": [{"source": fields}]}]}


POLICIES: list[Case] = [
    (POLICY, ACCOUNTS, source(**{accounts: ["a"], other: []}))
    for accounts in ("serviceAccounts", "notServiceAccounts")
    for other in ("principals", "notPrincipals", "namespaces", "notNamespaces")
]
POLICIES += [
    (PEER, "portLevelMtls requires selector", {"portLevelMtls": {"1": {}}}),
    (PEER, "portLevelMtls requires selector", {"portLevelMtls": {"1": {}}, "selector": {}}),
    (PEER, "portLevelMtls requires selector",
     {"portLevelMtls": {"1": {}}, "selector": {"matchLabels": {}}}),
]  # fmt: skip
POLICIES += [
    (REQUEST, "only one of jwks or jwksUri can be set", {"jwtRules": [{**one, **other}]})
    for one, other in (
        ({"jwks": "{}"}, {"jwksUri": "http://a"}),
        ({"jwks": "{}"}, {"jwks_uri": "http://a"}),
        ({"jwksUri": "http://a"}, {"jwks_uri": "http://a"}),
    )
]


def tag(**fields: str) -> dict[str, Any]:
    return {"metrics": [{"overrides": [{"tagOverrides": {"a": fields}}]}]}


UPSERT = "value must be set when operation is UPSERT"
METRICS: list[Case] = [
    (TELEMETRY, UPSERT, tag(operation="UPSERT", value="")),
    (TELEMETRY, UPSERT, tag(operation="UPSERT")),
    (TELEMETRY, "value must not be set when operation is REMOVE",
     tag(operation="REMOVE", value="a")),
    (TELEMETRY, "value must not be set when operation is REMOVE",
     tag(operation="REMOVE", value="")),
]  # fmt: skip


def listeners(message: str, *some: dict[str, Any]) -> Case:
    plain = {"name": "a", "port": 80, "protocol": "HTTP"}
    numbered = [{**plain, "name": f"n{i}", "port": 80 + i, **one} for i, one in enumerate(some)]
    return GATEWAY, message, {"gatewayClassName": "istio", "listeners": numbered}


def gateway(message: str, **spec: Any) -> Case:
    case = listeners(message, {})
    return GATEWAY, message, {**case[2], **spec}


PASS = {"mode": "Passthrough"}
SECRET = {"certificateRefs": [{"name": "a"}]}
NO_TLS = "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']"
TERMINATED = "certificateRefs or options must be specified when mode is Terminate"
NO_HOST = "hostname must not be specified for protocols ['TCP', 'UDP']"
UNIQUE = "Combination of port, protocol and hostname must be unique for each listener"
LISTENERS: list[Case] = [
    *(listeners(NO_TLS, {"protocol": one, "tls": PASS}) for one in ("HTTP", "TCP", "UDP")),
    listeners("tls mode must be Terminate for protocol HTTPS", {"protocol": "HTTPS", "tls": PASS}),
    listeners("tls mode must be set for protocol TLS", {"protocol": "TLS"}),
    *(listeners(NO_HOST, {"protocol": one, "hostname": "a"}) for one in ("TCP", "UDP")),
    listeners(UNIQUE, {"port": 1}, {"port": 1}),
    listeners(UNIQUE, {"port": 1, "hostname": "a"}, {"port": 1, "hostname": "a"}),
    listeners("Listener name must be unique within the Gateway", {"name": "a"}, {"name": "a"}),
    listeners(TERMINATED, {"protocol": "TLS", "tls": {"certificateRefs": [], "options": {}}}),
    listeners(TERMINATED, {"protocol": "TLS", "tls": {}}),
    listeners(TERMINATED, {"protocol": "TLS", "tls": {"certificateRefs": []}}),
    listeners(TERMINATED, {"protocol": "TLS", "tls": {"options": {}}}),
]
IP = {"type": "IPAddress", "value": "192.0.2.1"}
NAME = {"type": "Hostname", "value": "a.example"}
HOSTNAME = r"(matching ^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)"
VALIDATION = {"validation": {"caCertificateRefs": [{**REF, "group": ""}]}}
ONE_PORT = {"port": 1, "tls": VALIDATION}
GATEWAYS: list[Case] = [
    gateway("IPAddress values must be unique", addresses=[IP, {"value": "192.0.2.1"}]),
    gateway("Hostname values must be unique", addresses=[NAME, NAME]),
    gateway(f"Hostname value must be empty or contain only valid characters {HOSTNAME}",
            addresses=[{**NAME, "value": "A"}]),
    gateway(f"Hostname value must be empty or contain only valid characters {HOSTNAME}",
            addresses=[{**NAME, "value": ""}]),
    gateway("Port for TLS configuration must be unique within the Gateway",
            tls={"frontend": {"default": {}, "perPort": [ONE_PORT, ONE_PORT]}}),
]  # fmt: skip
VIOLATIONS = ENTRIES + SERVERS + SELECTED + POLICIES + METRICS + LISTENERS + GATEWAYS
# These also stand below `status`: (kind, message, status).
STATUS_VIOLATIONS: list[Case] = [
    (GATEWAY, f"Hostname value must only contain valid characters {HOSTNAME}",
     {"addresses": [{"type": "Hostname", "value": "A"}]}),
]  # fmt: skip
