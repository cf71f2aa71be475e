"""What a cluster carries now, read fresh."""

from collections.abc import Iterable

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.domain.objects import ObjectKey, key_of

WRITTEN_KINDS = (kinds.SERVICE_ENTRY, kinds.DESTINATION_RULE, kinds.SIDECAR)
"""The kinds a namespace slice is made of."""


def kind_of_key(key: ObjectKey) -> Kind:
    """Return how the API serves objects of this key. Raises LookupError for unknown kinds."""
    return kinds.kind_of({"apiVersion": key.api_version, "kind": key.kind})


def read_namespace_uid(gateway: ClusterGateway, name: str) -> str:
    """Return the uid of a namespace, empty when it is not there."""
    found = gateway.get(kinds.NAMESPACE, "", name)
    return str(found["metadata"].get("uid", "")) if found else ""


def read_namespace(gateway: ClusterGateway, name: str) -> dict[ObjectKey, KubeObject]:
    """Return everything of our kinds in a namespace, whoever wrote it, labels or not."""
    return {key_of(obj): obj for kind in WRITTEN_KINDS for obj in gateway.list(kind, name).items}


def read_keys(gateway: ClusterGateway, keys: Iterable[ObjectKey]) -> dict[ObjectKey, KubeObject]:
    """Return those of the objects that exist, each read by its name."""
    found = {}
    for key in sorted(set(keys)):
        obj = gateway.get(kind_of_key(key), key.namespace, key.name)
        if obj is not None:
            found[key] = obj
    return found


def uid_of(obj: KubeObject | None) -> str:
    """Return the uid of a live object, empty when there is none."""
    return str(obj["metadata"].get("uid", "")) if obj else ""


def ports_of(obj: KubeObject | None) -> frozenset[int]:
    """Return the port numbers that a ServiceEntry opens, none when it does not exist."""
    ports = ((obj or {}).get("spec") or {}).get("ports") or []
    return frozenset(int(port["number"]) for port in ports if "number" in port)
