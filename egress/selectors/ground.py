"""What a wish stands on: read once, for the policies and for the objects it would change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.conf import settings
from django.db.models import Q, QuerySet

from egress.domain.access import Access, ClusterProfile, Destination, Enforcement, Inventory
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.models import Cluster, Grant
from egress.selectors.bindings import bound_of
from egress.selectors.gateway_load import GatewayLoad, Served, served_in
from egress.selectors.neighbours import Neighbours, live_grants, neighbours_of
from egress.selectors.slices import addressed_beside

_OF_GRANTS = [
    "granted_by",
    "created_at",
    "active_at",
    "expires_at",
    "ended_at",
    "ended_by",
    "end_reason",
    "confirmed_at",
    "applied_at",
    "drifted_at",
    "failed_reason",
    "failed_message",
]
_OF_REQUESTS = [
    "reason",
    "ticket",
    "findings",
    "risk",
    "created_at",
    "edited_at",
    "lapses_at",
    "decided_at",
    "decided_by",
    "decision_note",
]
_NOT_JUDGED = (*_OF_GRANTS, *(f"request__{name}" for name in _OF_REQUESTS))
"""What neither a policy nor a binding looks at: it takes as long to read as what they do."""


@dataclass(frozen=True)
class Ground:
    """The namespaces around a wish of one namespace, the gateways, and the grants it concerns.

    `grants` are the live ones of the namespace and of whoever reaches what is wished, or what
    would hide it or be hidden by it, which is much less to read than all.
    """

    neighbours: Neighbours
    namespace: str
    served: Served
    grants: tuple[Grant, ...]

    @property
    def cluster(self) -> Cluster:
        """The cluster, as it was when this was read."""
        return self.neighbours.cluster

    @cached_property
    def inventory(self) -> Inventory:
        """All namespaces, for what they are called and how they are enforced.

        Service accounts are those of the one namespace, which are all that a wish of it is about.
        """
        every, own = self.neighbours.inventory(), self.namespace
        others = {
            name: replace(facts, service_accounts={})
            if facts.service_accounts and name != own
            else facts
            for name, facts in every.namespaces.items()
        }
        return replace(every, namespaces=others)

    @property
    def profile(self) -> ClusterProfile:
        """The facts of the cluster; where there is one gateway only, it serves all hosts."""
        given = self.served.assignments if len(self.cluster.gateways) > 1 else {}
        return self.cluster.profile(settings.INSTALLATION, given)

    @property
    def load(self) -> GatewayLoad:
        """What the gateways serve, where the namespace goes through one of them."""
        return self.served.load(self.profile)


@dataclass(frozen=True)
class Surroundings:
    """The facts of the cluster, and what it should let through around one namespace."""

    profile: ClusterProfile
    inventory: Inventory
    accesses: tuple[Access, ...]


def ground_of(
    cluster: Cluster,
    namespace: str,
    wished: Sequence[Destination] = (),
    neighbours: Neighbours | None = None,
) -> Ground:
    """Return what a wish of `namespace` stands on; `neighbours` are read unless given.

    They are to be those of the hosts that are wished.
    """
    hosts = {destination.host for destination in wished}
    known = neighbours or neighbours_of(cluster, namespace, hosts)
    profile, inventory = cluster.profile(settings.INSTALLATION), known.inventory()
    enforcement = inventory.enforcement_of(namespace, profile)
    live = live_grants(cluster)
    around = live.filter(_around(live, namespace, enforcement, wished))
    around = around.select_related("request").defer(*_NOT_JUDGED)
    through = inventory if enforcement is Enforcement.GATEWAY else Inventory()
    served = served_in(cluster, profile, through)
    return Ground(known, namespace, served, tuple(_of_one(cluster, around.order_by("pk"))))


def surroundings_on(ground: Ground, hosts: Collection[str]) -> Surroundings:
    """Return what decides how grants of the namespace to `hosts` are rendered."""
    around = [
        grant
        for grant in ground.grants
        if grant.status in OPEN_GRANT_STATUSES
        and (grant.namespace == ground.namespace or grant.host in hosts)
    ]
    inventory = ground.neighbours.inventory({ground.namespace, *(g.namespace for g in around)})
    served = {*hosts, *(grant.host for grant in around)}
    given = {host: at for host, at in ground.served.assignments.items() if host in served}
    return Surroundings(
        ground.cluster.profile(settings.INSTALLATION, given),
        inventory,
        tuple(g.access for g in bound_of(g for g in around if is_pinned(g, inventory))),
    )


def is_pinned(grant: Grant, inventory: Inventory) -> bool:
    """Tell whether the grant's subject still is the one that it was granted to."""
    facts = inventory.namespaces.get(grant.namespace)
    if facts is None or facts.uid != grant.namespace_uid:
        return False
    if not grant.service_account:
        return True
    return facts.service_accounts.get(grant.service_account) == grant.service_account_uid


def _of_one(cluster: Cluster, grants: QuerySet[Grant]) -> list[Grant]:
    """Return grants of one cluster, which is read already."""
    found = list(grants)
    for grant in found:
        grant.cluster = cluster
        if grant.request.cluster_id == cluster.pk:
            grant.request.cluster = cluster
    return found


def _around(
    live: QuerySet[Grant], namespace: str, enforcement: Enforcement, wished: Sequence[Destination]
) -> Q:
    """Return which of the live grants concern a wish of `namespace`."""
    names = {destination.host for destination in wished}
    above = {wildcard for name in names for wildcard in wildcards_above(name)}
    around = Q(namespace=namespace) | Q(host__in=sorted(names | above))
    if enforcement is Enforcement.GATEWAY and any(found.addresses for found in wished):
        # An entry shows all ports of its host to all of its namespaces.
        around |= Q(host__in=addressed_beside(live, names, {namespace}))
    if enforcement is Enforcement.AMBIENT:
        for destination in wished:
            if destination.is_wildcard:
                around |= Q(host__endswith=destination.host[1:])
    return around
