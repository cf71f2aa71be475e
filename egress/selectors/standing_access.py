"""What is granted already of a wish, and who else reaches its hosts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from egress.domain.access import Access, Destination, Subject
from egress.domain.lifecycle import LIVE_GRANT_STATUSES
from egress.domain.policies import allows
from egress.models import CatalogueEntry, Cluster, Grant
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import unknown_names

ROWS_READ = 500
"""Subjects of one host, or hosts below one wildcard, that are looked at: no list is longer."""


@dataclass(frozen=True)
class HostUse:
    """Which other namespaces of a cluster reach a host.

    `namespaces` are those that the person may know of, `others` is how many there are besides.
    """

    host: str
    namespaces: tuple[str, ...]
    others: int


def granted_already(
    standing: Standing,
    cluster: Cluster,
    subject: Subject,
    destinations: Mapping[int, Destination],
) -> dict[int, Grant]:
    """Return the live grant that contains each destination, by position; of the visible ones."""
    hosts = {destination.host for destination in destinations.values()}
    rows = visible_grants(standing).filter(
        cluster=cluster,
        namespace=subject.namespace,
        host__in=sorted(hosts),
        status__in=sorted(LIVE_GRANT_STATUSES),
    )
    grants = list(rows) if hosts else []
    found: dict[int, Grant] = {}
    for position, destination in destinations.items():
        wished = Access(subject, destination)
        grant = next((one for one in grants if allows(one.access, wished)), None)
        if grant:
            found[position] = grant
    return found


def who_else_uses(
    standing: Standing, cluster: Cluster, namespace: str, hosts: Collection[str]
) -> list[HostUse]:
    """Return for each host that others reach, which namespaces of the cluster do; at most 500."""
    if not hosts:
        return []
    every = _users(Grant.objects.all(), cluster, namespace, hosts)
    known = set(_users(visible_grants(standing), cluster, namespace, hosts)) if every else set()
    uses = []
    for host in dict.fromkeys(hosts):
        names = {name for of, name in every if of == host}
        seen = {name for of, name in known if of == host}
        if names:
            uses.append(HostUse(host, tuple(sorted(seen)), len(names - seen)))
    return uses


def is_shared_with_unknown(standing: Standing, grant: Grant) -> bool:
    """Tell whether a namespace that the person may not know of reaches the grant's host, or did.

    Then the objects of the host outside the grant's namespace name it, and so do their changes.
    """
    if standing.sees_everything:
        return False
    users = Grant.objects.filter(cluster=grant.cluster, host=grant.host)
    names = users.exclude(namespace=grant.namespace).order_by().values_list("namespace", flat=True)
    return bool(unknown_names(standing, grant.cluster, names.distinct()))


def known_below(
    standing: Standing, cluster: Cluster, wildcards: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the hosts below each wildcard that the catalogue or a visible grant names."""
    ends = {wildcard: wildcard[1:] for wildcard in wildcards}
    if not ends:
        return {}
    below = reduce(or_, (Q(host__endswith=end) for end in ends.values()))
    grants = visible_grants(standing).filter(
        below, cluster=cluster, status__in=sorted(LIVE_GRANT_STATUSES)
    )
    names = set(grants.order_by().values_list("host", flat=True).distinct()[:ROWS_READ])
    names = {name for name in names | _catalogue_hosts() if not name.startswith("*")}
    return {
        wildcard: tuple(sorted(name for name in names if name.endswith(end)))
        for wildcard, end in ends.items()
    }


def _users(
    grants: QuerySet[Grant], cluster: Cluster, namespace: str, hosts: Collection[str]
) -> list[tuple[str, str]]:
    rows = grants.filter(
        cluster=cluster, host__in=sorted(set(hosts)), status__in=sorted(LIVE_GRANT_STATUSES)
    ).exclude(namespace=namespace)
    return list(rows.order_by().values_list("host", "namespace").distinct()[:ROWS_READ])


def _catalogue_hosts() -> set[str]:
    entries = CatalogueEntry.objects.filter(is_active=True).values_list("destinations", flat=True)
    return {str(one.get("host", "")) for destinations in entries for one in destinations}
