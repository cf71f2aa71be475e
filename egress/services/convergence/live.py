"""What a cluster carries now, read fresh."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.objects import ObjectKey, key_of
from egress.services.convergence import together

NAMESPACE_KINDS = (kinds.SERVICE_ENTRY, kinds.DESTINATION_RULE, kinds.SIDECAR)
"""The kinds that every namespace slice may hold; others are read by their names."""
HOST_KINDS = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
)
"""The kinds of objects that lie in the egress namespace."""
ONE_BY_ONE = 8
"""So many objects of a kind are read by their names; more of them are listed first."""


def kind_of_key(key: ObjectKey) -> Kind:
    """Return how the API serves objects of this key. Raises LookupError for unknown kinds."""
    return kinds.kind_of({"apiVersion": key.api_version, "kind": key.kind})


def read_uids(gateway: ClusterGateway, names: Collection[str]) -> Mapping[str, str]:
    """Return the uids of those of the namespaces that are there."""
    if len(names) > ONE_BY_ONE:
        found = gateway.list(kinds.NAMESPACE).items
    else:
        gets = [partial(gateway.get, kinds.NAMESPACE, "", name) for name in sorted(names)]
        found = [obj for obj in together.all_of(gets) if obj]
    return {obj["metadata"]["name"]: uid_of(obj) for obj in found}


def read_namespace(gateway: ClusterGateway, name: str) -> dict[ObjectKey, KubeObject]:
    """Return all of the usual kinds in a namespace, whoever wrote it, labels or not."""
    lists = together.all_of([partial(gateway.list, kind, name) for kind in NAMESPACE_KINDS])
    return {key_of(obj): obj for one in lists for obj in one.items}


def is_listed(key: ObjectKey, namespace: str) -> bool:
    """Tell whether `read_namespace` finds an object of this key if there is one."""
    return key.namespace == namespace and kind_of_key(key) in NAMESPACE_KINDS


def read_keys(gateway: ClusterGateway, keys: Iterable[ObjectKey]) -> dict[ObjectKey, KubeObject]:
    """Return those of the objects that exist, each read by its name."""
    wanted = sorted(set(keys))
    gets = [partial(gateway.get, kind_of_key(key), key.namespace, key.name) for key in wanted]
    read = zip(wanted, together.all_of(gets), strict=True)
    return {key: obj for key, obj in read if obj is not None}


def read_many(gateway: ClusterGateway, keys: Iterable[ObjectKey]) -> dict[ObjectKey, KubeObject]:
    """Return those of the objects that exist; where there are many, ours are listed first.

    What the list does not show is read by name: somebody may have taken our labels off.
    """
    wanted = set(keys)
    groups: dict[tuple[str, str], set[ObjectKey]] = {}
    for key in wanted:
        groups.setdefault((key.api_version, key.kind), set()).add(key)
    found: dict[ObjectKey, KubeObject] = {}
    for group in groups.values():
        if len(group) > ONE_BY_ONE:
            found |= read_listed(gateway, group)
    return found | read_keys(gateway, wanted - found.keys())


def read_listed(
    gateway: ClusterGateway, group: Collection[ObjectKey]
) -> dict[ObjectKey, KubeObject]:
    """Return those objects of one kind that the list of ours shows, held a page at a time."""
    places = {key.namespace for key in group}
    kind, place = kind_of_key(next(iter(group))), places.pop() if len(places) == 1 else ""
    found: dict[ObjectKey, KubeObject] = {}
    for page in gateway.pages(kind, place, owner_labels(settings.INSTALLATION)):
        if page.is_first:
            found.clear()
        found |= {key: obj for obj in page.items if (key := key_of(obj)) in group}
    return found


def uid_of(obj: KubeObject | None) -> str:
    """Return the uid of a live object, empty when there is none."""
    return str(obj["metadata"].get("uid", "")) if obj else ""


def has_address(obj: KubeObject | None) -> bool:
    """Tell whether istiod has given every host of a ServiceEntry an address of its own."""
    spec, status = (obj or {}).get("spec") or {}, (obj or {}).get("status") or {}
    given = {str(one.get("host")) for one in status.get("addresses") or [] if one.get("value")}
    hosts = {str(host) for host in spec.get("hosts") or []}
    return bool(hosts) and hosts <= given


def is_bound_to_waypoint(obj: KubeObject | None) -> bool:
    """Tell whether istiod has bound a ServiceEntry to its waypoint (istio.md 5.1)."""
    conditions = ((obj or {}).get("status") or {}).get("conditions") or []
    return any(
        one.get("type") == "istio.io/WaypointBound" and one.get("status") == "True"
        for one in conditions
    )
