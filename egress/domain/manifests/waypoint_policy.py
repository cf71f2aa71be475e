"""The AuthorizationPolicy of one host at the waypoint (istio.md 5.1, 5.2)."""

from collections.abc import Iterable
from typing import Any

from egress.domain.access import Access, ClusterProfile, Destination, Protocol
from egress.domain.naming import base, labels, principal
from egress.domain.objects import KubeObject, with_content_hash

SECURITY_V1 = "security.istio.io/v1"
KIND = "AuthorizationPolicy"
_HTTP_PORT = 80


def entry_policy(cluster: ClusterProfile, accesses: Iterable[Access]) -> KubeObject:
    """Return who may reach one host on which port. All of `accesses` name that host.

    A rule per port: a rule for HTTP would vanish from the chain of another protocol. The waypoint
    looks at the dialled address only, so each rule says which name must be asked for, too.
    """
    ports: dict[int, tuple[Destination, set[str]]] = {}
    for access in accesses:
        destination = access.destination
        _, principals = ports.setdefault(destination.port, (destination, set()))
        principals.update(_principals(cluster, access))
    host = next(iter(ports.values()))[0].host
    return with_content_hash(
        {
            "apiVersion": SECURITY_V1,
            "kind": KIND,
            "metadata": {
                "name": base(host),
                "namespace": cluster.egress_namespace,
                "labels": labels(cluster, host),
            },
            "spec": {
                "targetRefs": [
                    {"group": "networking.istio.io", "kind": "ServiceEntry", "name": base(host)}
                ],
                "action": "ALLOW",
                "rules": [_rule(*ports[port]) for port in sorted(ports)],
            },
        }
    )


def _principals(cluster: ClusterProfile, access: Access) -> list[str]:
    subject = access.subject
    return [
        principal(domain, subject.namespace, subject.service_account or "*")
        for domain in (cluster.trust_domain, *cluster.trust_domain_aliases)
    ]


def _rule(destination: Destination, principals: set[str]) -> dict[str, Any]:
    operation: dict[str, Any] = {"ports": [str(destination.port)]}
    if destination.protocol.is_http_family:
        operation["hosts"] = _authorities(destination)
    rule: dict[str, Any] = {
        "from": [{"source": {"principals": sorted(principals)}}],
        "to": [{"operation": operation}],
    }
    if destination.protocol is Protocol.TLS:
        rule["when"] = [{"key": "connection.sni", "values": [destination.host]}]
    return rule


def _authorities(destination: Destination) -> list[str]:
    """Return every spelling of the authority: the whole of it is compared, with its port."""
    with_port = f"{destination.host}:{destination.port}"
    return [destination.host, with_port] if destination.port == _HTTP_PORT else [with_port]
