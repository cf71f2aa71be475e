"""The namespaces of a cluster around one of them, read once for all that is said of a wish."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db.models import FilteredRelation, Q, QuerySet, Subquery

from egress.domain.access import Inventory, NamespaceFacts
from egress.domain.lifecycle import LIVE_GRANT_STATUSES
from egress.models import Cluster, Grant, Namespace, ServiceAccount


@dataclass(frozen=True)
class Neighbours:
    """All present namespaces of a cluster, by name.

    `accounts` are the service accounts, by name, of the namespace that was asked for and of those
    that share one of its hosts; of others they are not read.
    """

    cluster: Cluster
    namespaces: Mapping[str, Namespace]
    accounts: Mapping[str, Mapping[str, ServiceAccount]]

    def inventory(self, names: Collection[str] | None = None) -> Inventory:
        """Return what is known of the namespaces called `names`, by default of all."""
        chosen = self.namespaces if names is None else sorted(set(names) & set(self.namespaces))
        return Inventory(
            namespaces={name: self._facts[name] for name in chosen},
            synced_at=self.cluster.inventory_at,
        )

    @cached_property
    def _facts(self) -> Mapping[str, NamespaceFacts]:
        """What is known of each namespace, made once: a page asks for it again and again."""
        return {
            name: row.facts({one.name: one.uid for one in self.accounts.get(name, {}).values()})
            for name, row in self.namespaces.items()
        }


def live_grants(cluster: Cluster) -> QuerySet[Grant]:
    """Return the grants that are not ended, whether they are carried out or suspended."""
    return Grant.objects.filter(cluster=cluster, status__in=LIVE_GRANT_STATUSES)


def neighbours_of(cluster: Cluster, namespace: str, hosts: Collection[str] = ()) -> Neighbours:
    """Return the present namespaces around `namespace`, which shares `hosts` with some of them."""
    present = Namespace.objects.filter(cluster=cluster, gone_at=None)
    close = Q(name=namespace)
    if hosts:
        sharing = live_grants(cluster).filter(host__in=sorted(set(hosts)))
        close |= Q(name__in=sharing.values("namespace"))
    # Joined, as an account more or less is nothing beside one more query.
    account = FilteredRelation(
        "service_accounts",
        condition=Q(
            service_accounts__gone_at=None,
            service_accounts__namespace__in=Subquery(present.filter(close).order_by().values("pk")),
        ),
    )
    # The relation that was just named is not known to the plug-in.
    rows = present.annotate(account=account).select_related("owner", "account")  # type: ignore[misc]
    namespaces: dict[str, Namespace] = {}
    accounts: dict[str, dict[str, ServiceAccount]] = {}
    for row in rows.order_by("name", "account__name"):
        namespaces.setdefault(row.name, row).cluster = cluster
        # Django leaves the attribute out where nothing is joined.
        joined: ServiceAccount | None = getattr(row, "account", None)
        if joined is not None:
            accounts.setdefault(row.name, {})[joined.name] = joined
    return Neighbours(cluster, namespaces, accounts)
