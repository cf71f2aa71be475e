"""What the domain has to know: the inventory, the accesses that stand, and the limits."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet

from egress.domain.access import Access, Inventory, NamespaceFacts, Wish
from egress.domain.lifecycle import LIVE_GRANT_STATUSES, OPEN_GRANT_STATUSES
from egress.domain.policies import Finding, Limits, PolicyContext, evaluate
from egress.models import Cluster, Grant, Namespace, ServiceAccount
from egress.selectors.bindings import is_bound


def findings_for(
    cluster: Cluster, wish: Wish, *, renews: Grant | None = None
) -> tuple[Finding, ...]:
    """Return everything the policies say about a wish, as things are now."""
    context = policy_context(cluster, wish.subject.namespace, renews=renews)
    return tuple(evaluate(wish, context))


def policy_context(
    cluster: Cluster, namespace: str | None = None, *, renews: Grant | None = None
) -> PolicyContext:
    """Return what the policies may look at.

    `namespace` limits it to what concerns one namespace, which is much less to read. `renews`
    is the grant that a renewal extends.
    """
    return PolicyContext(
        cluster=cluster.profile(settings.INSTALLATION),
        inventory=inventory_of(cluster, namespace),
        grants=tuple(grant.access for grant in live_grants(cluster, namespace)),
        limits=limits(),
        renewing=renews.access if renews else None,
    )


def limits() -> Limits:
    """Return what this installation allows at most."""
    return Limits(
        max_duration=timedelta(days=settings.MAX_DURATION_DAYS),
        default_duration=timedelta(days=settings.DEFAULT_DURATION_DAYS),
        max_destinations=settings.MAX_DESTINATIONS,
    )


def inventory_of(cluster: Cluster, namespace: str | None = None) -> Inventory:
    """Return what is known of a cluster's present namespaces, or of one of them."""
    rows = Namespace.objects.filter(cluster=cluster, gone_at__isnull=True)
    accounts = ServiceAccount.objects.filter(
        namespace__cluster=cluster, namespace__gone_at__isnull=True, gone_at__isnull=True
    )
    if namespace is not None:
        rows = rows.filter(name=namespace)
        accounts = accounts.filter(namespace__name=namespace)
    uids: dict[int, dict[str, str]] = {}
    for row, name, uid in accounts.values_list("namespace_id", "name", "uid"):
        uids.setdefault(row, {})[name] = uid
    found: dict[str, NamespaceFacts] = {row.name: row.facts(uids.get(row.pk, {})) for row in rows}
    return Inventory(namespaces=found, synced_at=cluster.inventory_at)


def present_namespace(cluster: Cluster, name: str) -> Namespace | None:
    """Return the namespace that has the name now, None when there is none."""
    rows = Namespace.objects.filter(cluster=cluster, name=name, gone_at__isnull=True)
    return rows.select_related("cluster", "owner").first()


def live_grants(cluster: Cluster, namespace: str | None = None) -> QuerySet[Grant]:
    """Return the grants that are not ended, whether they are carried out or suspended."""
    rows = Grant.objects.filter(cluster=cluster, status__in=LIVE_GRANT_STATUSES)
    return rows.filter(namespace=namespace) if namespace is not None else rows


def open_grants(cluster: Cluster, namespace: str | None = None) -> list[Grant]:
    """Return the grants that the cluster should carry, and only those that are what was decided.

    Left out are grants whose facts no longer match their binding, and those whose namespace or
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
    inventory = inventory_of(cluster, namespace)
    return [grant for grant in rows if is_pinned(grant, inventory) and is_bound(grant)]


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
