"""What the policies look at beside the wish itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

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

    `grants` are the live accesses of the cluster. `allowed_private_zones` (`corp.example`) and
    `allowed_private_ranges` (`10.20.0.0/16`) are what admins opened for review; `cluster_ranges`
    are the cluster's and its nodes' own and never allowed. `renewing` is the access that the wish
    extends, if any.
    """

    cluster: ClusterProfile
    inventory: Inventory
    grants: tuple[Access, ...] = ()
    limits: Limits = field(default_factory=Limits)
    allowed_private_zones: tuple[str, ...] = ()
    allowed_private_ranges: tuple[str, ...] = ()
    cluster_ranges: tuple[str, ...] = ()
    renewing: Access | None = None

    def facts_of(self, namespace: str) -> NamespaceFacts | None:
        """Return what the inventory knows of a namespace, None when it is unknown."""
        return self.inventory.namespaces.get(namespace)

    def enforcement_of(self, wish: Wish) -> Enforcement:
        """Return how grants of the wish's namespace are enforced."""
        return self.inventory.enforcement_of(wish.subject.namespace, self.cluster)


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

    def finding(self, reason: str, message: str, level: Level, part: str = "") -> Finding:
        """Return a finding that belongs to this destination, or to one field of it."""
        place = f"destinations.{self.index}"
        return Finding(reason, message, level, f"{place}.{part}" if part else place)


WishPolicy = Callable[[Wish, PolicyContext], Iterator[Finding]]
DestinationPolicy = Callable[[Case], Iterator[Finding]]
