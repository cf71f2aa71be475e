"""All objects of ours in a cluster, and which slice each belongs to."""

from collections.abc import Mapping

from django.conf import settings
from django.db.models.functions import Now

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base
from egress.domain.objects import ObjectKey, key_of
from egress.domain.slices import SliceKey, SliceKind, host_slice, namespace_slice
from egress.models import Cluster, Grant, Namespace, OwnedObject, Slice
from egress.selectors.slices import profile_for, shares_hosts
from egress.services.convergence.live import HOST_KINDS, NAMESPACE_KINDS, kind_of_key, read_keys
from egress.services.convergence.state import key_of_record


def settled_slices(cluster: Cluster) -> list[Slice]:
    """Return the slices that nobody works on and that are not due."""
    rows = Slice.objects.filter(cluster=cluster, lease_until=None).select_related("cluster")
    return [row for row in rows if row.wanted == row.done]


def read_all(cluster: Cluster, gateway: ClusterGateway) -> dict[ObjectKey, KubeObject]:
    """Return everything that carries our labels or is on record, one list per kind.

    Kinds that this cluster can hold nothing of are not asked for: the portal may have no right
    to read them. Raises ClusterError.
    """
    labels = owner_labels(settings.INSTALLATION)
    known = {key_of_record(row) for row in OwnedObject.objects.filter(cluster=cluster)}
    live = {
        key_of(obj): obj
        for kind in _kinds(cluster, known)
        for obj in gateway.list(kind, "", labels).items
    }
    # Whoever strips the labels hides an object from the list, but not from its name.
    return live | read_keys(gateway, known - live.keys())


def _kinds(cluster: Cluster, known: set[ObjectKey]) -> list[Kind]:
    found = {*NAMESPACE_KINDS, *map(kind_of_key, known)}
    if shares_hosts(cluster):
        found |= set(HOST_KINDS)
    if Namespace.objects.filter(cluster=cluster, network_policy=True, gone_at=None).exists():
        found.add(kinds.NETWORK_POLICY)
    return sorted(found)


class Places:
    """Live objects of ours, by the slice they belong to.

    What is on record belongs to the slice that wrote it, anything else to the one its labels
    name. What lies in the egress namespace without naming a host or a client was laid down by
    an operator, and is no business of any slice. What names a host that nobody was ever granted
    is shown with the egress namespace itself.
    """

    def __init__(self, cluster: Cluster, live: Mapping[ObjectKey, KubeObject]) -> None:
        self._cluster = cluster
        self._profile = profile_for(cluster, ())
        self._live = live
        self._hosts: dict[str, str] | None = None
        rows = OwnedObject.objects.filter(cluster=cluster).select_related("slice")
        recorded = {key_of_record(row): row.slice.key for row in rows}
        self._by_slice: dict[str, dict[ObjectKey, KubeObject]] = {}
        for key, obj in live.items():
            place = recorded.get(key) or self._place_of(key, obj)
            if place:
                self._by_slice.setdefault(place, {})[key] = obj

    def of(self, row: Slice) -> dict[ObjectKey, KubeObject]:
        """Return the live objects of a slice."""
        return self._by_slice.get(row.key, {})

    def routes(self) -> list[KubeObject]:
        """Return the live VirtualServices of the egress namespace."""
        place = self._profile.egress_namespace
        return [
            obj
            for key, obj in self._live.items()
            if key.kind == kinds.VIRTUAL_SERVICE.kind and key.namespace == place
        ]

    def slices_of_strays(self) -> dict[int, Slice]:
        """Make slices for objects with our labels where nothing was granted, and return them."""
        known = set(self._cluster.slices.values_list("key", flat=True))
        made = [
            Slice.objects.get_or_create(cluster=self._cluster, key=key, defaults={"due_at": Now()})[
                0
            ].pk
            for key in sorted(self._by_slice.keys() - known)
        ]
        rows = settled_slices(self._cluster) if made else []
        return {row.pk: row for row in rows if row.pk in made}

    def _place_of(self, key: ObjectKey, obj: KubeObject) -> str:
        labels = obj["metadata"].get("labels") or {}
        if client := labels.get(CLIENT_LABEL):
            return str(namespace_slice(client))
        if key.namespace != self._profile.egress_namespace:
            return str(SliceKey(SliceKind.NAMESPACE, key.namespace))
        if BASE_LABEL not in labels:
            return ""
        host = self._host_of(labels[BASE_LABEL])
        return str(host_slice(host) if host else namespace_slice(key.namespace))

    def _host_of(self, name: str) -> str:
        if self._hosts is None:
            grants = Grant.objects.filter(cluster=self._cluster)
            hosts = grants.values_list("host", flat=True).distinct()
            self._hosts = {base(host): host for host in hosts}
        return self._hosts.get(name, "")
