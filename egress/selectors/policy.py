"""What the domain has to know: the inventory, the accesses that stand, and the limits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Wish,
)
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.lifecycle import LIVE_GRANT_STATUSES, OPEN_GRANT_STATUSES
from egress.domain.policies import Finding, Limits, PolicyContext, evaluate
from egress.models import Cluster, Grant, Namespace
from egress.selectors.bindings import is_bound
from egress.selectors.gateway_load import GatewayLoad, assignments_of, load_of
from egress.selectors.slices import (
    hosts_at_addresses,
    inventory_of_namespace,
    inventory_of_namespaces,
)


def findings_for(
    cluster: Cluster,
    wish: Wish,
    *,
    renews: Grant | None = None,
    posture: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """Return everything the policies say about a wish, as things are now.

    `posture` is what was found in the live cluster for this wish. Where both know of the same,
    it is said once.
    """
    namespace = wish.subject.namespace
    context = policy_context(cluster, namespace, wished=wish.destinations, renews=renews)
    known = evaluate(wish, context)
    live = _not_said_yet(posture, known)
    known = _without_guesses(known, live)
    return (*known, *live)


_SAME = {
    "AddressAllocationOff": "DnsCaptureMissing",
    "DnsCaptureOff": "DnsCaptureMissing",
    "GrantedNotEnforced": "MeshAllowsAny",
}
"""What the live cluster calls a fact that the database has another name for."""


def _not_said_yet(posture: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    said = {(_SAME.get(one.reason, one.reason), one.field) for one in known}
    return [one for one in posture if (one.reason, one.field) not in said]


def _without_guesses(known: Iterable[Finding], live: Iterable[Finding]) -> list[Finding]:
    """Leave out what is refused for want of knowledge where the live cluster says why."""
    explained = {one.field for one in live if one.reason == "DnsCaptureMissing"}
    return [one for one in known if one.reason != "DnsCaptureUnknown" or one.field not in explained]


def policy_context(
    cluster: Cluster,
    namespace: str | None = None,
    *,
    wished: Sequence[Destination] = (),
    renews: Grant | None = None,
) -> PolicyContext:
    """Return what the policies may look at.

    `namespace` limits it to what concerns one namespace and whoever reaches what is `wished`, or
    what would hide it or be hidden by it, which is much less to read. `renews` is the grant that
    a renewal extends.
    """
    profile = _profile(cluster)
    inventory = inventory_around(cluster, namespace)
    is_gateway = (
        namespace is None or inventory.enforcement_of(namespace, profile) is Enforcement.GATEWAY
    )
    load = load_of(cluster, profile, inventory) if is_gateway else GatewayLoad()
    rows = live_grants(cluster)
    if namespace is not None:
        enforcement = inventory.enforcement_of(namespace, profile)
        rows = rows.filter(_around(rows, namespace, enforcement, wished))
    return PolicyContext(
        cluster=profile,
        inventory=inventory,
        grants=tuple(grant.access for grant in rows),
        limits=limits(),
        allowed_private_zones=tuple(cluster.private_zones),
        allowed_private_ranges=tuple(cluster.private_ranges),
        cluster_ranges=tuple(cluster.own_ranges),
        renewing=renews.access if renews else None,
        doors=load.doors,
        http_hosts=load.http_hosts,
        package_hosts=tuple(settings.PACKAGE_HOSTS),
    )


def _profile(cluster: Cluster) -> ClusterProfile:
    profile = cluster.profile(settings.INSTALLATION, assignments_of(cluster))
    if profile.dns_capture is None and "PF8" in cluster.attestations:
        # An admin vouches for what could not be read (istio.md 3.10).
        return replace(profile, dns_capture=True)
    return profile


def inventory_around(cluster: Cluster, namespace: str | None) -> Inventory:
    """Return all namespaces, for what they are called and how they are enforced.

    Service accounts are read of `namespace` alone, which are all that a wish of it is about.
    """
    if namespace is None:
        return inventory_of(cluster)
    rows = Namespace.objects.filter(cluster=cluster, gone_at__isnull=True).exclude(name=namespace)
    others = {row.name: row.facts({}) for row in rows}
    own = inventory_of(cluster, namespace)
    return replace(own, namespaces={**others, **own.namespaces})


def _around(
    live: QuerySet[Grant], namespace: str, enforcement: Enforcement, wished: Sequence[Destination]
) -> Q:
    """Return which of the live grants concern a wish of `namespace`."""
    names = {destination.host for destination in wished}
    above = {wildcard for name in names for wildcard in wildcards_above(name)}
    around = Q(namespace=namespace)
    if enforcement is Enforcement.GATEWAY and any(found.addresses for found in wished):
        # An entry shows all ports of its host to all of its namespaces.
        names |= hosts_at_addresses(live, names, {namespace})
    if enforcement is Enforcement.AMBIENT:
        for destination in wished:
            if destination.is_wildcard:
                around |= Q(host__endswith=destination.host[1:])
    return around | Q(host__in=sorted(names | above))


def limits() -> Limits:
    """Return what this installation allows at most."""
    return Limits(
        max_duration=timedelta(days=settings.MAX_DURATION_DAYS),
        default_duration=timedelta(days=settings.DEFAULT_DURATION_DAYS),
        max_destinations=settings.MAX_DESTINATIONS,
    )


def inventory_of(cluster: Cluster, namespace: str | None = None) -> Inventory:
    """Return what is known of a cluster's present namespaces, or of one of them."""
    if namespace is None:
        return inventory_of_namespaces(cluster, None)
    return inventory_of_namespace(cluster, namespace)


def present_namespace(cluster: Cluster, name: str) -> Namespace | None:
    """Return the namespace that has the name now, None when there is none."""
    rows = Namespace.objects.filter(cluster=cluster, name=name, gone_at__isnull=True)
    return rows.select_related("cluster", "owner").first()


def live_grants(cluster: Cluster, namespace: str | None = None) -> QuerySet[Grant]:
    """Return the grants that are not ended, whether they are carried out or suspended."""
    rows = Grant.objects.filter(cluster=cluster, status__in=LIVE_GRANT_STATUSES)
    return rows.filter(namespace=namespace) if namespace is not None else rows


def open_grants(
    cluster: Cluster,
    namespace: str | None = None,
    among: Q | None = None,
    inventory: Inventory | None = None,
) -> list[Grant]:
    """Return the grants that the cluster should carry, and only those that are what was decided.

    `among` says which grants are looked at, all by default; `inventory` is read unless given.
    Left out are those whose facts no longer match their binding, and those whose namespace or
    service account is gone or was made again under another uid.
    """
    rows = (
        Grant.objects.filter(cluster=cluster, status__in=OPEN_GRANT_STATUSES)
        .select_related("cluster", "request__cluster")
        .prefetch_related("request__destinations")
        .order_by("pk")
    )
    if namespace is not None:
        rows = rows.filter(namespace=namespace)
    if among is not None:
        rows = rows.filter(among)
    known = inventory or inventory_of(cluster, namespace)
    return [grant for grant in rows if is_pinned(grant, known) and is_bound(grant)]


def open_accesses(cluster: Cluster, namespace: str | None = None) -> list[Access]:
    """Return what the cluster should let through: see `open_grants`."""
    return [grant.access for grant in open_grants(cluster, namespace)]


def is_pinned(grant: Grant, inventory: Inventory) -> bool:
    """Tell whether the grant's subject still is the one that it was granted to."""
    facts = inventory.namespaces.get(grant.namespace)
    if facts is None or facts.uid != grant.namespace_uid:
        return False
    if not grant.service_account:
        return True
    return facts.service_accounts.get(grant.service_account) == grant.service_account_uid
