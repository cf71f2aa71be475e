"""The words of the domain: who reaches what, on which kind of mesh."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        return self in (Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC)


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
    """

    host: str
    port: int
    protocol: Protocol
    tls_origination: bool = False

    @property
    def is_cidr(self) -> bool:
        """Whether the destination is an address range instead of a name."""
        return "/" in self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether the destination covers every name below a domain."""
        return self.host.startswith("*.")

    def __str__(self) -> str:
        origination = " with TLS origination" if self.tls_origination else ""
        return f"{self.host}:{self.port} {self.protocol}{origination}"


@dataclass(frozen=True, order=True)
class Access:
    """One subject may reach one destination: what a grant says to the renderer."""

    subject: Subject
    destination: Destination


@dataclass(frozen=True)
class ClusterProfile:
    """The facts of a cluster that decide what is rendered (istio.md 1).

    `installation` goes into the ownership label of every object, so that two portals on one
    cluster never touch each other's objects.
    """

    installation: str
    enforcement: Enforcement = Enforcement.SIDECAR
    trust_domain: str = "cluster.local"
    cluster_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    egress_namespace: str = "istio-egress"
    istio_version: str = ""

    @property
    def protected_namespaces(self) -> frozenset[str]:
        """Namespaces that no grant may name (istio.md 10.4)."""
        return frozenset(
            {
                self.egress_namespace,
                self.root_namespace,
                "kube-system",
                "kube-public",
                "kube-node-lease",
            }
        )


@dataclass(frozen=True)
class NamespaceFacts:
    """What the inventory knows of one namespace.

    `uninjected_pods` holds names of pods without a proxy, at most a handful, for messages.
    `enforcement` overrides the cluster's default when set. `default_deny` is the decision that
    the namespace's `Sidecar` allows registered hosts only (istio.md 2.4).
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


@dataclass(frozen=True)
class Inventory:
    """What the portal knows of a cluster, dated. Part of what a slice is rendered from."""

    namespaces: Mapping[str, NamespaceFacts] = field(default_factory=dict)
    synced_at: datetime | None = None

    def enforcement_of(self, namespace: str, cluster: ClusterProfile) -> Enforcement:
        """Return how grants of `namespace` are enforced."""
        facts = self.namespaces.get(namespace)
        return facts.enforcement if facts and facts.enforcement else cluster.enforcement


@dataclass(frozen=True)
class Wish:
    """What a request asks for, before anybody decided: the input of the policies.

    `duration` None asks for access without an end date.
    """

    subject: Subject
    destinations: tuple[Destination, ...]
    duration: timedelta | None
