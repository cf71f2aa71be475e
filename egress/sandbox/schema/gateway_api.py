"""Gateway and GatewayClass of the Kubernetes Gateway API.

Source: the Gateway API's reference for `gateway.networking.k8s.io/v1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .build import choice, int32, integer, kind, listing, mapping, obj, rule, text
from .gateway_parts import (
    CONTROLLER,
    GROUP_NAME,
    HOSTNAME,
    SUBDOMAIN,
    Fields,
    addresses,
    conditions,
    free_keys,
    group,
    kind_name,
    label_selector,
    name,
    namespace,
    route_kinds,
    secret_ref,
    section_name,
    waiting,
)
from .node import Node, Root, RuleError

_WORD = "[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?"
_PROTOCOL = rf"^{_WORD}$|{SUBDOMAIN}\/[A-Za-z0-9]+$"
_Listeners = Sequence[Mapping[str, object]]


def _port() -> Node:
    return integer(1, 65535, form="int32")


def _terminates_with_something(tls: Fields) -> bool:
    """One of the two must have entries; a missing one only counts when the other has none."""
    if tls.get("mode") != "Terminate":
        return True
    if tls.get("certificateRefs") or tls.get("options"):
        return True
    for field in ("certificateRefs", "options"):
        if field not in tls:
            raise RuleError(f"no such key: {field}")
    return False


def _mode_of(listener: Fields) -> object:
    tls = listener.get("tls")
    return tls.get("mode", "") if isinstance(tls, Mapping) else None


def _is_plain_without_tls(listeners: _Listeners) -> bool:
    return all("tls" not in li for li in listeners if li["protocol"] in ("HTTP", "TCP", "UDP"))


def _https_terminates(listeners: _Listeners) -> bool:
    with_tls = [li for li in listeners if li["protocol"] == "HTTPS" and "tls" in li]
    return all(_mode_of(listener) in ("", "Terminate") for listener in with_tls)


def _tls_has_mode(listeners: _Listeners) -> bool:
    return all(_mode_of(listener) for listener in listeners if listener["protocol"] == "TLS")


def _no_hostname_below_http(listeners: _Listeners) -> bool:
    return all(not li.get("hostname") for li in listeners if li["protocol"] in ("TCP", "UDP"))


def _names_once(listeners: _Listeners) -> bool:
    return max(Counter(str(li["name"]) for li in listeners).values(), default=1) == 1


def _doors_once(listeners: _Listeners) -> bool:
    doors = Counter((li["port"], li["protocol"], li.get("hostname")) for li in listeners)
    return max(doors.values(), default=1) == 1


def _ports_once(entries: _Listeners) -> bool:
    return max(Counter(entry["port"] for entry in entries).values(), default=1) == 1


_LISTENER_RULES = (
    rule("tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']", _is_plain_without_tls),
    rule("tls mode must be Terminate for protocol HTTPS", _https_terminates),
    rule("tls mode must be set for protocol TLS", _tls_has_mode),
    rule("hostname must not be specified for protocols ['TCP', 'UDP']", _no_hostname_below_http),
    rule("Listener name must be unique within the Gateway", _names_once),
    rule(
        "Combination of port, protocol and hostname must be unique for each listener", _doors_once
    ),
)


def _listener_tls() -> Node:
    return obj(
        {
            "mode": choice("Terminate", "Passthrough", default="Terminate"),
            "certificateRefs": listing(secret_ref(), most=64),
            "options": mapping(text(least=0, most=4096), most=16),
        },
        rules=[
            rule(
                "certificateRefs or options must be specified when mode is Terminate",
                _terminates_with_something,
            )
        ],
    )


def _listeners() -> Node:
    same = {"from": "Same"}
    namespaces = obj(
        {"from": choice("All", "Selector", "Same", default="Same"), "selector": label_selector()},
        default=same,
    )
    routes = obj({"namespaces": namespaces, "kinds": route_kinds()}, default={"namespaces": same})
    listener = obj(
        {
            "name": section_name(),
            "hostname": text(least=1, most=253, pattern=HOSTNAME),
            "port": _port(),
            "protocol": text(least=1, most=255, pattern=_PROTOCOL),
            "tls": _listener_tls(),
            "allowedRoutes": routes,
        },
        required=("name", "port", "protocol"),
    )
    return listing(listener, least=1, most=64, keys=("name",), rules=_LISTENER_RULES)


def _infrastructure() -> Node:
    label = text(least=0, most=63, pattern="^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
    parameters = obj(
        {"group": group(), "kind": kind_name(), "name": name()},
        required=("group", "kind", "name"),
    )
    return obj(
        {
            "labels": free_keys("label", label, 8),
            "annotations": free_keys("annotation", text(least=0, most=4096), 16),
            "parametersRef": parameters,
        }
    )


def _gateway_tls() -> Node:
    authority = obj(
        {"group": group(), "kind": kind_name(), "name": name(), "namespace": namespace()},
        required=("group", "kind", "name"),
    )
    validation = obj(
        {
            "caCertificateRefs": listing(authority, least=1, most=16),
            "mode": choice("AllowValidOnly", "AllowInsecureFallback", default="AllowValidOnly"),
        },
        required=("caCertificateRefs",),
    )
    frontend = obj({"validation": validation})
    once = rule("Port for TLS configuration must be unique within the Gateway", _ports_once)
    entry = obj({"port": _port(), "tls": frontend}, required=("port", "tls"))
    per_port = listing(entry, most=64, keys=("port",), rules=[once])
    return obj(
        {
            "backend": obj({"clientCertificateRef": secret_ref()}),
            "frontend": obj({"default": frontend, "perPort": per_port}, required=("default",)),
        }
    )


def _gateway_status() -> Node:
    listener = obj(
        {
            "name": section_name(),
            "supportedKinds": route_kinds(),
            "attachedRoutes": int32(),
            "conditions": conditions(),
        },
        required=("attachedRoutes", "conditions", "name"),
    )
    return obj(
        {
            "addresses": addresses(assigned=True),
            "conditions": conditions("Accepted", "Programmed"),
            "listeners": listing(listener, most=64, keys=("name",)),
            "attachedListenerSets": int32(),
        },
        default={"conditions": waiting("Accepted", "Programmed")},
    )


def _gateway() -> Node:
    from_where = choice("All", "Selector", "Same", "None", default="None")
    namespaces = obj({"from": from_where, "selector": label_selector()}, default={"from": "None"})
    spec = obj(
        {
            "gatewayClassName": name(),
            "listeners": _listeners(),
            "addresses": addresses(assigned=False),
            "infrastructure": _infrastructure(),
            "allowedListeners": obj({"namespaces": namespaces}),
            "tls": _gateway_tls(),
            "defaultScope": choice("All", "None"),
        },
        required=("gatewayClassName", "listeners"),
    )
    root = Root(
        GROUP_NAME, "v1", "Gateway", "gateways", custom=True, description="A way into the mesh."
    )
    return kind(root, {"spec": spec, "status": _gateway_status()}, required=("spec",))


def _gateway_class() -> Node:
    fixed = rule("Value is immutable", lambda new, old: new == old, on_change=True)
    parameters = obj(
        {"group": group(), "kind": kind_name(), "name": name(), "namespace": namespace()},
        required=("group", "kind", "name"),
    )
    spec = obj(
        {
            "controllerName": text(least=1, most=253, pattern=CONTROLLER, rules=[fixed]),
            "parametersRef": parameters,
            "description": text(most=64),
        },
        required=("controllerName",),
    )
    feature = obj({"name": text()}, required=("name",))
    status = obj(
        {
            "conditions": conditions("Accepted"),
            "supportedFeatures": listing(feature, most=64, keys=("name",)),
        },
        default={"conditions": waiting("Accepted")},
    )
    root = Root(
        GROUP_NAME,
        "v1",
        "GatewayClass",
        "gatewayclasses",
        namespaced=False,
        custom=True,
        description="Who carries out the Gateways of a class.",
    )
    return kind(root, {"spec": spec, "status": status}, required=("spec",))


GATEWAY = _gateway()
GATEWAY_CLASS = _gateway_class()
