"""Which slices a grant touches, and which grants a slice is rendered from (architecture.md)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import F, FilteredRelation, Q, QuerySet

from egress.domain.access import ClusterProfile, Enforcement, Inventory, NamespaceFacts
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.slices import (
    SliceKey,
    SliceKind,
    host_slice,
    namespace_slice,
    slices_of,
)
from egress.models import Cluster, Grant, HostAssignment, Namespace, ServiceAccount
from egress.selectors.joins import with_clusters

_WAY = ("protocol", "tls_origination", "addresses", "resolution")


def slices_touched_by(cluster: Cluster, grants: Iterable[Grant]) -> set[str]:
    """Return the keys of all slices whose objects enforce `grants`, or did so before.

    The enforcement of a namespace may have changed since, or the namespace may be gone: a slice
    of the host that is there already counts in any case. Looking at one too many changes nothing.
    """
    touching = list(grants)
    if not touching:
        return set()
    profile = cluster.profile(settings.INSTALLATION)
    inventory = inventory_of_namespaces(cluster, {grant.namespace for grant in touching})
    keys = {str(key) for grant in touching for key in slices_of(grant.access, profile, inventory)}
    # A wildcard has objects or none, depending on the names that were granted below it.
    names = {name for grant in touching for name in (grant.host, *wildcards_above(grant.host))}
    hosts = {str(host_slice(name)) for name in names} - keys
    keys |= {str(namespace_slice(grant.namespace)) for grant in touching}
    return keys | set(cluster.slices.filter(key__in=hosts).values_list("key", flat=True))


def slices_of_namespace(cluster: Cluster, name: str) -> set[str]:
    """Return the keys of the slices of a namespace and of all it was granted and not lost yet."""
    grants = Grant.objects.filter(cluster=cluster, namespace=name, confirmed_at=None)
    return {str(namespace_slice(name))} | slices_touched_by(cluster, grants)


def slices_with_doors_of(cluster: Cluster, names: Collection[str]) -> set[str]:
    """Return the keys of the slices of hosts whose doors list all accounts of a namespace.

    A service account that comes or goes changes these doors (istio.md R-B15).
    """
    if not names:
        return set()
    profile = cluster.profile(settings.INSTALLATION)
    inventory = inventory_of_namespaces(cluster, names)
    grants = Grant.objects.filter(
        cluster=cluster,
        namespace__in=names,
        service_account="",
        status__in=sorted(OPEN_GRANT_STATUSES),
    )
    return {
        str(host_slice(grant.host))
        for grant in grants
        if inventory.enforcement_of(grant.namespace, profile) is Enforcement.GATEWAY
        and not grant.destination.protocol.is_http_family
    }


def slice_that_answers(grant: Grant, profile: ClusterProfile, inventory: Inventory) -> SliceKey:
    """Return the slice whose deliveries say whether a grant is applied, failed or gone.

    It holds what decides; the namespace's slice may hold something beside it, such as an alias.
    """
    return slices_of(grant.access, profile, inventory)[0]


def inventory_of_namespaces(cluster: Cluster, names: Collection[str] | None) -> Inventory:
    """Return what is known of some of a cluster's present namespaces; None asks for all."""
    rows = Namespace.objects.filter(cluster=cluster, gone_at=None)
    if names is not None:
        rows = rows.filter(name__in=names)
    uids: dict[int, dict[str, str]] = {}
    accounts = ServiceAccount.objects.filter(namespace__in=rows, gone_at=None)
    for row, name, uid in accounts.values_list("namespace_id", "name", "uid"):
        uids.setdefault(row, {})[name] = uid
    found: dict[str, NamespaceFacts] = {row.name: row.facts(uids.get(row.pk, {})) for row in rows}
    return Inventory(namespaces=found, synced_at=cluster.inventory_at)


def inventory_of_namespace(cluster: Cluster, name: str) -> Inventory:
    """Return what is known of one present namespace of a cluster, in one query."""
    present = FilteredRelation("service_accounts", condition=Q(service_accounts__gone_at=None))
    rows = Namespace.objects.filter(cluster=cluster, gone_at=None, name=name)
    read = list(
        rows.annotate(account=present).annotate(
            account_name=F("account__name"), account_uid=F("account__uid")
        )
    )
    uids = {row.account_name: row.account_uid for row in read if row.account_name is not None}
    found = {row.name: row.facts(uids) for row in read[:1]}
    return Inventory(namespaces=found, synced_at=cluster.inventory_at)


def profile_for(cluster: Cluster, hosts: Collection[str] | None) -> ClusterProfile:
    """Return the facts of a cluster with the gateways of `hosts`; None asks for all hosts."""
    return cluster.profile(settings.INSTALLATION, assignments_of(cluster, hosts))


def assignments_of(cluster: Cluster, hosts: Collection[str] | None) -> Mapping[str, str]:
    """Return the ids of the gateways that serve `hosts`, of those that have one."""
    rows = HostAssignment.objects.filter(cluster=cluster)
    if hosts is not None:
        rows = rows.filter(host__in=hosts)
    return dict(rows.values_list("host", "gateway"))


def grants_to_judge(cluster: Cluster, key: SliceKey) -> QuerySet[Grant]:
    """Return the open grants that decide what a slice holds, its own and others.

    Others, because grants that contradict each other are refused together: grants of the same
    hosts elsewhere, all of the namespaces that have an alias of such a host, those of hosts at
    the same addresses, and those below a wildcard. Each with what is needed to check its binding.
    A namespace needs others only for hosts on which grants do not agree: no part of what agrees
    can contradict itself.
    """
    return grants_to_judge_for(cluster, [key])


def grants_to_judge_for(
    cluster: Cluster, keys: Collection[SliceKey], disputed: Collection[str] | None = None
) -> QuerySet[Grant]:
    """Return what `grants_to_judge` returns for any of several slices.

    `disputed` are all hosts of the cluster on which grants may not agree, where that is known
    already (`disputed_hosts`).
    """
    grants = open_grants_of(cluster)
    names = {key.name for key in keys if key.kind is SliceKind.NAMESPACE}
    hosts = {key.name for key in keys if key.kind is SliceKind.HOST}
    needed = Q()
    for host in hosts:
        if host.startswith("*."):
            needed |= Q(host__endswith=host[1:])
    if names and shares_hosts(cluster):
        own = set(grants.filter(namespace__in=names).values_list("host", flat=True))
        hosts |= disputed_hosts(cluster, own) if disputed is None else own & set(disputed)
    if not hosts:
        return grants.filter(namespace__in=names)
    named = grants.filter(host__in=hosts).exclude(alias="")
    names |= set(named.values_list("namespace", flat=True))
    hosts |= hosts_at_addresses(grants, hosts)
    return grants.filter(needed | Q(host__in=sorted(hosts)) | Q(namespace__in=sorted(names)))


def hosts_at_addresses(grants: QuerySet[Grant], hosts: Collection[str]) -> set[str]:
    """Return every host and range with addresses of the namespaces that reach such a host.

    Of all of these it has to be known which ports they have: proxies find them by address alone.
    """
    return set(addressed_beside(grants, hosts))


def addressed_beside(
    grants: QuerySet[Grant], hosts: Collection[str], namespaces: Collection[str] = ()
) -> QuerySet[Any, str]:
    """Return the hosts of `hosts_at_addresses`; `namespaces` are looked at in any case."""
    addressed = grants.filter(~Q(addresses=[]) | Q(host__contains="/")).order_by()
    reaching = addressed.filter(host__in=sorted(hosts)).values("namespace")
    beside = addressed.filter(Q(namespace__in=sorted(namespaces)) | Q(namespace__in=reaching))
    return beside.values_list("host", flat=True)


def disputed_hosts(cluster: Cluster, hosts: Collection[str] | None) -> set[str]:
    """Return those of the hosts on which grants may not agree; None asks for all hosts."""
    rows = Grant.objects.filter(cluster=cluster, status__in=sorted(OPEN_GRANT_STATUSES))
    if hosts is not None:
        rows = rows.filter(host__in=hosts)
    if cluster.central_entries:
        # Which ports each namespace has must agree, too, and any of them may turn out invalid.
        return set(rows.values_list("host", flat=True)) if hosts is None else set(hosts)
    present = Namespace.objects.filter(cluster=cluster, gone_at=None).exclude(enforcement="")
    enforcements = dict(present.values_list("name", "enforcement"))
    found = rows.values_list("host", "port", "namespace", "alias", *_WAY)
    ways: dict[tuple[str, int], object] = {}
    lookups: dict[str, object] = {}
    disputed: set[str] = set()
    for host, port, namespace, alias, *way in found.iterator(2000):
        enforcement = enforcements.get(namespace) or cluster.enforcement
        lookup = (enforcement, *way[-2:])
        agrees = ways.setdefault((host, port), way) == way
        if alias or way[-2] or not agrees or lookups.setdefault(host, lookup) != lookup:
            disputed.add(host)
    return disputed


def open_grants_of(cluster: Cluster) -> QuerySet[Grant]:
    """Return the grants a cluster should carry, with what is needed to check their bindings."""
    return _with_decisions(
        Grant.objects.filter(cluster=cluster, status__in=sorted(OPEN_GRANT_STATUSES))
    )


def unconfirmed_grants_of(cluster: Cluster, keys: Collection[SliceKey]) -> QuerySet[Grant]:
    """Return the ended grants of slices whose access was not seen to be gone."""
    grants = Grant.objects.filter(cluster=cluster, ended_at__isnull=False, confirmed_at=None)
    hosts = [key.name for key in keys if key.kind is SliceKind.HOST]
    names = [key.name for key in keys if key.kind is SliceKind.NAMESPACE]
    grants = grants.filter(Q(host__in=hosts) | Q(namespace__in=names))
    return with_clusters(grants).order_by("pk")


def in_slice(key: SliceKey) -> Q:
    """Return the condition on grants that a slice can be about."""
    return Q(host=key.name) if key.kind is SliceKind.HOST else Q(namespace=key.name)


def shares_hosts(cluster: Cluster) -> bool:
    """Tell whether any namespace of a cluster shares the entries of hosts with others."""
    if cluster.enforcement != Enforcement.SIDECAR or cluster.central_entries:
        return True
    own = Namespace.objects.filter(cluster=cluster, gone_at=None)
    return own.exclude(enforcement__in=("", Enforcement.SIDECAR)).exists()


def _with_decisions(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    return (
        with_clusters(grants, "cluster", "request__cluster")
        .prefetch_related("request__destinations")
        .order_by("pk")
    )
