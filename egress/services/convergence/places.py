"""Which slice an object of ours belongs to, and where to look for such objects."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models.functions import Now

from egress.cluster import kinds
from egress.cluster.gateway import Kind, KubeObject
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base
from egress.domain.objects import ObjectKey
from egress.domain.slices import SliceKey, SliceKind, host_slice, namespace_slice
from egress.models import Cluster, Grant, Namespace, OwnedObject, Slice
from egress.selectors.slices import profile_for, shares_hosts
from egress.services.convergence.live import HOST_KINDS, NAMESPACE_KINDS, kind_of_key


@dataclass(frozen=True, slots=True)
class Place:
    """What is on record of an object: the slice that wrote it, and its uid once it is known."""

    slice: str
    uid: str


def recorded(cluster: Cluster) -> dict[ObjectKey, Place]:
    """Return what is on record of a cluster's objects."""
    rows = OwnedObject.objects.filter(cluster=cluster).values_list(
        "api_version", "kind", "namespace", "name", "slice__key", "uid"
    )
    # The same names come with many rows; each is kept once.
    known: dict[str, str] = {}
    found: dict[ObjectKey, Place] = {}
    for *names, uid in rows.iterator(2000):
        version, kind, namespace, name, where = (known.setdefault(one, one) for one in names)
        found[ObjectKey(version, kind, namespace, name)] = Place(where, uid)
    return found


def kinds_to_read(cluster: Cluster, known: Collection[ObjectKey]) -> list[Kind]:
    """Return the kinds of objects that a cluster can hold anything of ours of.

    Others are not asked for: the portal may have no right to read them.
    """
    sorts = {(key.api_version, key.kind): key for key in known}
    found = {*NAMESPACE_KINDS, *map(kind_of_key, sorts.values())}
    if shares_hosts(cluster):
        found |= set(HOST_KINDS)
    if Namespace.objects.filter(cluster=cluster, network_policy=True, gone_at=None).exists():
        found.add(kinds.NETWORK_POLICY)
    return sorted(found)


class Labels:
    """Says by its labels which slice an object belongs to that is not on record.

    What lies in the egress namespace without naming a host or a client was laid down by an
    operator, and is no business of any slice. What names a host that nobody was ever granted is
    shown with the egress namespace itself.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.egress_namespace = profile_for(cluster, ()).egress_namespace
        self._hosts: dict[str, str] | None = None

    def slice_of(self, key: ObjectKey, obj: KubeObject) -> str:
        """Return the key of the slice of an object with our labels, empty for none."""
        labels = obj["metadata"].get("labels") or {}
        if client := labels.get(CLIENT_LABEL):
            return str(namespace_slice(client))
        if key.namespace != self.egress_namespace:
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


def make_slices(cluster: Cluster, keys: Collection[str]) -> None:
    """Make slices for objects with our labels where nothing was ever granted."""
    known = set(cluster.slices.filter(key__in=keys).values_list("key", flat=True))
    for key in sorted(set(keys) - known):
        Slice.objects.get_or_create(cluster=cluster, key=key, defaults={"due_at": Now()})
