"""What a Sidecar of ours looks like: default deny, with central entries a host list (2.4, 2.6)."""

from collections.abc import Iterator, Mapping
from typing import Any

from egress.domain.manifests.check.hosts import host_problems
from egress.domain.manifests.check.look import (
    Look,
    annotated,
    labelled,
    mappings,
    repeated,
    texts,
    unknown,
)
from egress.domain.naming import SIDECAR_NAME, is_dns_label
from egress.domain.wording import quoted


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of the Sidecar of a namespace."""
    yield from labelled(look, {})
    yield from annotated(look)
    if look.name != SIDECAR_NAME:
        yield f"The Sidecar of a namespace is named {quoted(SIDECAR_NAME)}."
    yield from unknown(look.spec, {"outboundTrafficPolicy", "egress"})
    if look.spec.get("outboundTrafficPolicy") != {"mode": "REGISTRY_ONLY"}:
        yield "The Sidecar does anything else than deny unregistered hosts."
    if "egress" in look.spec:
        yield from _listeners(mappings(look.spec["egress"], "egress"))


def _listeners(listeners: list[Mapping[str, Any]]) -> Iterator[str]:
    if len(listeners) != 1:
        yield "It has more or less than the one listener for all hosts."
        return
    yield from unknown(listeners[0], {"hosts"})
    hosts = texts(listeners[0].get("hosts"), "hosts")
    if not hosts or repeated(hosts):
        yield "Its host list is empty or names a host twice."
    pairs = [host.partition("/")[::2] for host in hosts]
    for host, (namespace, name) in zip(hosts, pairs, strict=True):
        if not _is_scope(namespace) or not _is_name(name):
            yield f"{quoted(host)} is not of the form namespace/host."
        if (namespace, name) == ("*", "*"):
            yield f"{quoted(host)} admits every host of the mesh, so the list says nothing."
    whole = {namespace for namespace, name in pairs if name == "*"}
    for host, (namespace, name) in zip(hosts, pairs, strict=True):
        if namespace in whole and name != "*" and ".svc." not in name:
            yield f"Beside {quoted(host)} the list admits everything in {quoted(namespace)}."


def _is_scope(namespace: str) -> bool:
    return namespace in (".", "*") or is_dns_label(namespace)


def _is_name(name: str) -> bool:
    return name == "*" or not list(host_problems(name, wildcard=True))
