"""Layouts of a cluster under which its objects would let in more than was granted (istio.md 3)."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.wording import quoted

_TRUST_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def cluster_problems(cluster: ClusterProfile) -> Iterator[str]:
    """Yield what is unsafe about the names and gateways of a cluster, as sentences."""
    for domain in (cluster.trust_domain, *cluster.trust_domain_aliases):
        if not _TRUST_DOMAIN.fullmatch(domain):
            yield (
                f"{quoted(domain)} is no trust domain, and a policy may read it as a pattern. "
                "Write the one of the mesh, such as cluster.local."
            )
    for name in (cluster.egress_namespace, cluster.root_namespace, cluster.waypoint):
        if not is_dns_label(name):
            yield f"{quoted(name)} is no name of a namespace or waypoint. Check its spelling."
    if cluster.egress_namespace == cluster.root_namespace:
        yield (
            f"{quoted(cluster.egress_namespace)} is the root namespace of the mesh, where policies "
            "hold for all workloads. Choose another namespace for the egress gateway."
        )
    home = f".{cluster.egress_namespace}.svc.{cluster.cluster_domain}"
    for gateway in cluster.gateways:
        service = cluster.service_of(gateway)
        if not is_dns_label(service.removesuffix(home)) or not service.endswith(home):
            yield (
                f"The Service {quoted(service)} of a gateway is not in the egress namespace, so "
                f'clients would not find the rules for it. Name one that ends in "{home}".'
            )
    yield from gateway_problems(cluster.gateways, cluster.service_of)


def gateway_problems(
    gateways: Sequence[GatewayProfile], service_of: Callable[[GatewayProfile], str]
) -> Iterator[str]:
    """Yield what is unsafe about gateways beside each other, and about the ports of each."""
    if not gateways:
        yield "The cluster has no egress gateway. Name at least one."
    parts: tuple[tuple[str, Callable[[GatewayProfile], Hashable]], ...] = (
        ("id", lambda gateway: gateway.id),
        ("label", lambda gateway: gateway.istio_label),
        ("Service", service_of),
    )
    for what, part in parts:
        if len(set(map(part, gateways))) < len(gateways):
            yield (
                f"Two gateways have the same {what}, so what is let in at one would be let in at "
                "the other. Give each its own."
            )
    for gateway in gateways:
        if not _is_id(gateway.id) or not is_label_value(gateway.istio_label):
            yield (
                f"{quoted(gateway.id)} or {quoted(gateway.istio_label)} is no id or label of a "
                'gateway. Write "main", or an id of at most 3 letters and digits.'
            )
        if (
            gateway.http_port == gateway.tls_port
            or gateway.http_container_port == gateway.tls_container_port
        ):
            yield (
                f"The gateway {quoted(gateway.id)} has one port for HTTP and for doors, so every "
                "HTTP host would be open to the whole mesh. Give each family a port of its own."
            )


def _is_id(name: str) -> bool:
    return name == "main" or (is_dns_label(name) and len(name) <= 3)
