"""The words of the domain: who reaches what, on which kind of mesh."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Protocol(StrEnum):
    """How a workload speaks to a destination (istio.md 2.3)."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    TLS = "TLS"
    TCP = "TCP"

    @property
    def is_http_family(self) -> bool:
        """Whether requests are visible to the proxy, so that TLS can be originated for them."""
        return self in _HTTP_FAMILY


_HTTP_FAMILY = frozenset({Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC})
SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces of Kubernetes itself: no grant may name them in any cluster."""


class Resolution(StrEnum):
    """How the proxy finds the addresses of a name (istio.md R-A6).

    `DNS_ROUND_ROBIN` keeps connections when the answers of DNS rotate: for long-lived TCP and
    large content networks.
    """

    DNS = "DNS"
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"


class Enforcement(StrEnum):
    """How the grants of a namespace are enforced (istio.md 0)."""

    SIDECAR = "sidecar"
    GATEWAY = "gateway"
    AMBIENT = "ambient"


@dataclass(frozen=True, order=True)
class Subject:
    """Who gets access: a namespace, or one service account in it.

    An empty `service_account` means every workload of the namespace.
    """

    namespace: str
    service_account: str = ""

    @property
    def is_namespace(self) -> bool:
        """Whether the whole namespace is meant."""
        return not self.service_account

    def __str__(self) -> str:
        return (
            f"{self.namespace}/{self.service_account}" if self.service_account else self.namespace
        )


@dataclass(frozen=True, order=True)
class Destination:
    """What is reached: a canonical host (or CIDR), a port, and how it is spoken to.

    `host` is canonical: it came out of `hosts.canonical_host` or `hosts.canonical_cidr`.
    `addresses` are the fixed IP addresses of a host, canonical and sorted, empty when DNS is
    asked. `alias` is a name in the subject's namespace under which the destination is reachable,
    too (istio.md 6), empty without one.
    """

    host: str
    port: int
    protocol: Protocol
    tls_origination: bool = False
    addresses: tuple[str, ...] = ()
    resolution: Resolution = Resolution.DNS
    alias: str = ""

    @property
    def is_cidr(self) -> bool:
        """Whether the destination is an address range instead of a name."""
        return "/" in self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether the destination covers every name below a domain."""
        return self.host.startswith("*.")

    @property
    def is_fixed_address(self) -> bool:
        """Whether it is reached by a Service named by the alias, without an entry (istio.md 6).

        A single address with a name, or the fixed addresses of a host to which the sidecar
        originates TLS for an application that speaks plain TCP.
        """
        if not self.alias:
            return False
        return self.is_cidr or (self.tls_origination and self.protocol is Protocol.TCP)

    @property
    def way(self) -> "Destination":
        """Return the destination without its alias: what everybody who shares it must share."""
        return replace(self, alias="")

    def __str__(self) -> str:
        text = f"{self.host}:{self.port} {self.protocol}"
        if self.tls_origination:
            text += " with TLS origination"
        if self.addresses:
            text += f" at {', '.join(self.addresses)}"
        if self.resolution is not Resolution.DNS:
            text += " with long-lived connections"
        return f"{text} as {self.alias}" if self.alias else text


@dataclass(frozen=True, order=True)
class Access:
    """One subject may reach one destination: what a grant says to the renderer."""

    subject: Subject
    destination: Destination


@dataclass(frozen=True, order=True)
class GatewayProfile:
    """One egress gateway workload (istio.md 1 and 11.2).

    `id` is `main` or a DNS label of at most 3 characters. `label` is the value of its pods'
    label `istio`. `service` is the full name of its Service, derived from the id when empty.
    Service ports are what clients and Gateways name, container ports what policies name.
    """

    id: str = "main"
    label: str = ""
    service: str = ""
    http_port: int = 80
    http_container_port: int = 8080
    tls_port: int = 443
    tls_container_port: int = 8443
    max_doors: int = 2000
    max_http_hosts: int = 2000

    @property
    def suffix(self) -> str:
        """Return what the names of this gateway's own objects end in: nothing for `main`."""
        return "" if self.id == "main" else f"-{self.id}"

    @property
    def istio_label(self) -> str:
        """Return the value of the pods' label `istio`."""
        return self.label or f"egressgateway{self.suffix}"


@dataclass(frozen=True)
class ClusterProfile:
    """The facts of a cluster that decide what is rendered (istio.md 1).

    `installation` goes into the ownership label of every object, so that two portals on one
    cluster never touch each other's objects. `assignments` maps hosts to ids of gateways; a host
    without one belongs to the first gateway. `rules_at_clients` puts client DestinationRules into
    the client namespaces (the fallback of R-B4). `central_entries` admits hosts by the `Sidecar`
    of each namespace that has `sidecar` enforcement (istio.md 2.6). `dns_capture` None is
    unknown. `flags` are istiod's environment variables of interest.
    """

    installation: str
    enforcement: Enforcement = Enforcement.SIDECAR
    trust_domain: str = "cluster.local"
    trust_domain_aliases: tuple[str, ...] = ()
    cluster_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    egress_namespace: str = "istio-egress"
    istio_version: str = ""
    gateways: tuple[GatewayProfile, ...] = (GatewayProfile(),)
    assignments: Mapping[str, str] = field(default_factory=dict)
    rules_at_clients: bool = False
    central_entries: bool = False
    dns_capture: bool | None = None
    waypoint: str = "egress-waypoint"
    flags: Mapping[str, str] = field(default_factory=dict)

    @property
    def protected_namespaces(self) -> frozenset[str]:
        """Namespaces that no grant may name (istio.md 10.4)."""
        return SYSTEM_NAMESPACES | {self.egress_namespace, self.root_namespace}

    def gateway_of(self, host: str) -> GatewayProfile:
        """Return the gateway that serves `host`. Raises LookupError for an unknown assignment."""
        wanted = self.assignments.get(host, self.gateways[0].id)
        for gateway in self.gateways:
            if gateway.id == wanted:
                return gateway
        raise LookupError(f'Host "{host}" belongs to the gateway "{wanted}", which is not known.')

    def service_of(self, gateway: GatewayProfile) -> str:
        """Return the full name of a gateway's Service."""
        name = f"egressgateway{gateway.suffix}.{self.egress_namespace}.svc.{self.cluster_domain}"
        return gateway.service or name

    def has(self, flag: str) -> bool:
        """Tell whether a setting of istiod is known to be on; its name is an env variable's."""
        return self.flags.get(flag, "").lower() == "true"

    def is_at_least(self, major: int, minor: int, patch: int = 0) -> bool:
        """Tell whether the mesh runs this version of Istio or a newer one; unknown is not.

        A pre-release comes before its release.
        """
        match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?(-)?", self.istio_version)
        if not match:
            return False
        known = tuple(int(part or 0) for part in match.groups()[:3])
        wanted = (major, minor, patch)
        return known > wanted if match[4] else known >= wanted


@dataclass(frozen=True)
class NamespaceFacts:
    """What the inventory knows of one namespace.

    `uninjected_pods` holds names of pods without a proxy, at most a handful, for messages.
    `enforcement` overrides the cluster's default when set. `default_deny` is the decision that
    the namespace's `Sidecar` allows registered hosts only (istio.md 2.4), `network_policy` the
    decision that only the proxies' way leads out (istio.md 7). `mesh_hosts` are the in-mesh hosts
    its `Sidecar` keeps where entries are central, each `namespace/name` (istio.md 2.6).
    `dns_capture` is what its pods say other than the mesh, None when they say nothing.
    """

    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    injected: bool = True
    service_accounts: Mapping[str, str] = field(default_factory=dict)
    pods: int = 0
    uninjected_pods: tuple[str, ...] = ()
    enforcement: Enforcement | None = None
    default_deny: bool = False
    network_policy: bool = False
    mesh_hosts: tuple[str, ...] = ()
    dns_capture: bool | None = None


@dataclass(frozen=True)
class Inventory:
    """What the portal knows of a cluster, dated. Part of what a slice is rendered from."""

    namespaces: Mapping[str, NamespaceFacts] = field(default_factory=dict)
    synced_at: datetime | None = None

    def enforcement_of(self, namespace: str, cluster: ClusterProfile) -> Enforcement:
        """Return how grants of `namespace` are enforced."""
        facts = self.namespaces.get(namespace)
        return facts.enforcement if facts and facts.enforcement else cluster.enforcement

    def captures_dns(self, namespace: str, cluster: ClusterProfile) -> bool | None:
        """Tell whether the proxies of `namespace` answer DNS themselves, None when unknown."""
        facts = self.namespaces.get(namespace)
        own = facts.dns_capture if facts else None
        return cluster.dns_capture if own is None else own


@dataclass(frozen=True)
class Wish:
    """What a request asks for, before anybody decided: the input of the policies.

    `duration` None asks for access without an end date.
    """

    subject: Subject
    destinations: tuple[Destination, ...]
    duration: timedelta | None
