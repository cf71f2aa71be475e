"""What the domain has to know: the inventory, the accesses that stand, and the limits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from egress.domain.access import Access, ClusterProfile, Destination, Inventory, Wish
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.policies import Finding, Limits, PolicyContext, evaluate
from egress.models import Cluster, Grant, Namespace
from egress.selectors.bindings import bound_of
from egress.selectors.ground import Ground, ground_of, is_pinned
from egress.selectors.joins import with_clusters
from egress.selectors.neighbours import neighbours_of
from egress.selectors.slices import inventory_of_namespace, inventory_of_namespaces


def findings_for(
    cluster: Cluster,
    wish: Wish,
    *,
    renews: Grant | None = None,
    posture: Iterable[Finding] = (),
    ground: Ground | None = None,
) -> tuple[Finding, ...]:
    """Return everything the policies say about a wish, as things are now.

    `posture` is what was found in the live cluster for this wish. Where both know of the same,
    it is said once. `ground` is what the wish stands on; it is read unless given.
    """
    context = policy_context(
        cluster,
        wish.subject.namespace,
        wished=wish.destinations,
        renews=renews,
        ground=ground,
    )
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
    namespace: str,
    *,
    wished: Sequence[Destination] = (),
    renews: Grant | None = None,
    ground: Ground | None = None,
) -> PolicyContext:
    """Return what the policies may look at for a wish of `namespace`.

    `renews` is the grant that a renewal extends; `ground` is read unless given.
    """
    known = ground or ground_of(cluster, namespace, wished)
    load = known.load
    return PolicyContext(
        cluster=_attested(known.profile, cluster),
        inventory=known.inventory,
        grants=tuple(grant.access for grant in known.grants),
        limits=limits(),
        allowed_private_zones=tuple(cluster.private_zones),
        allowed_private_ranges=tuple(cluster.private_ranges),
        cluster_ranges=tuple(cluster.own_ranges),
        renewing=renews.access if renews else None,
        doors=load.doors,
        http_hosts=load.http_hosts,
        package_hosts=tuple(settings.PACKAGE_HOSTS),
    )


def _attested(profile: ClusterProfile, cluster: Cluster) -> ClusterProfile:
    if profile.dns_capture is None and "PF8" in cluster.attestations:
        # An admin vouches for what could not be read (istio.md 3.10).
        return replace(profile, dns_capture=True)
    return profile


def inventory_around(cluster: Cluster, namespace: str) -> Inventory:
    """Return all namespaces, for what they are called and how they are enforced.

    Service accounts are read of `namespace` alone, which are all that a wish of it is about.
    """
    return neighbours_of(cluster, namespace).inventory()


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
        with_clusters(Grant.objects.all(), "cluster", "request__cluster")
        .filter(cluster=cluster, status__in=OPEN_GRANT_STATUSES)
        .order_by("pk")
    )
    if namespace is not None:
        rows = rows.filter(namespace=namespace)
    if among is not None:
        rows = rows.filter(among)
    known = inventory or inventory_of(cluster, namespace)
    return bound_of(grant for grant in rows if is_pinned(grant, known))


def open_accesses(cluster: Cluster, namespace: str | None = None) -> list[Access]:
    """Return what the cluster should let through: see `open_grants`."""
    return [grant.access for grant in open_grants(cluster, namespace)]
