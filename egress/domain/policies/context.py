"""What the policies look at beside the wish itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Wish,
)
from egress.domain.policies.finding import Finding, Level
from egress.domain.slices import kind_of


@dataclass(frozen=True)
class Limits:
    """What an installation allows at most.

    `unlimited_allowed` lets requests leave out the end date. `default_duration` is what forms
    start with.
    """

    max_duration: timedelta = timedelta(days=365)
    default_duration: timedelta = timedelta(days=90)
    unlimited_allowed: bool = False
    max_destinations: int = 50


@dataclass(frozen=True)
class PolicyContext:
    """Everything a policy may know; it asks nobody else.

    `grants` are the live accesses of the wish's namespace and of its hosts, or of the whole
    cluster. `allowed_private_zones` (`corp.example`) and `allowed_private_ranges`
    (`10.20.0.0/16`) are what admins opened for review; `cluster_ranges` are the cluster's and its
    nodes' own and never allowed. `renewing` is the access that the wish extends, if any.

    `doors` and `http_hosts` count what each egress gateway (by its id) serves in the whole
    cluster. `package_hosts` are the hosts of package indexes that admins named, each exact or
    `*.host`.
    """

    cluster: ClusterProfile
    inventory: Inventory
    grants: tuple[Access, ...] = ()
    limits: Limits = field(default_factory=Limits)
    allowed_private_zones: tuple[str, ...] = ()
    allowed_private_ranges: tuple[str, ...] = ()
    cluster_ranges: tuple[str, ...] = ()
    renewing: Access | None = None
    doors: Mapping[str, int] = field(default_factory=dict)
    http_hosts: Mapping[str, int] = field(default_factory=dict)
    package_hosts: tuple[str, ...] = ()

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """Return what the inventory knows of a namespace, None when it is unknown."""
        return self.inventory.namespaces.get(namespace)

    def enforcement_of(self, wish: Wish) -> Enforcement:
        """Return how grants of the wish's namespace are enforced."""
        return self.inventory.enforcement_of(wish.subject.namespace, self.cluster)

    def kind_of(self, access: Access) -> str:
        """Return the enforcement of an access, `CENTRAL` for one with a central entry."""
        return kind_of(access, self.cluster, self.inventory)

    def grants_of_host(self, host: str) -> tuple[Access, ...]:
        """Return the live accesses to `host`, of all namespaces that are known here."""
        return self._by_host.get(host, ())

    def grants_of_namespace(self, namespace: str) -> tuple[Access, ...]:
        """Return the live accesses of a namespace and of its service accounts."""
        return self._by_namespace.get(namespace, ())

    @cached_property
    def _by_host(self) -> dict[str, tuple[Access, ...]]:
        return _grouped(self.grants, lambda access: access.destination.host)

    @cached_property
    def _by_namespace(self) -> dict[str, tuple[Access, ...]]:
        return _grouped(self.grants, lambda access: access.subject.namespace)


def _grouped(
    accesses: tuple[Access, ...], name: Callable[[Access], str]
) -> dict[str, tuple[Access, ...]]:
    groups: dict[str, list[Access]] = {}
    for access in accesses:
        groups.setdefault(name(access), []).append(access)
    return {key: tuple(group) for key, group in groups.items()}


@dataclass(frozen=True)
class Case:
    """One destination of a wish, under judgement."""

    wish: Wish
    index: int
    context: PolicyContext

    @property
    def destination(self) -> Destination:
        """The destination itself."""
        return self.wish.destinations[self.index]

    @property
    def access(self) -> Access:
        """What would be granted."""
        return Access(self.wish.subject, self.destination)

    @property
    def enforcement(self) -> Enforcement:
        """How grants of the wish's namespace are enforced."""
        return self.context.enforcement_of(self.wish)

    @property
    def kind(self) -> str:
        """The enforcement, or `CENTRAL` when the destination would have a central entry."""
        return self.context.kind_of(self.access)

    def finding(
        self,
        reason: str,
        message: str,
        level: Level,
        part: str = "",
        codes: tuple[str, ...] = (),
    ) -> Finding:
        """Return a finding that belongs to this destination, or to one field of it."""
        place = f"destinations.{self.index}"
        return Finding(reason, message, level, f"{place}.{part}" if part else place, codes)

    def refusal(
        self, reason: str, message: str, part: str = "", codes: tuple[str, ...] = ()
    ) -> Finding:
        """Return a finding that refuses this destination."""
        return self.finding(reason, message, Level.BLOCK, part, codes)


WishPolicy = Callable[[Wish, PolicyContext], Iterator[Finding]]
DestinationPolicy = Callable[[Case], Iterator[Finding]]
