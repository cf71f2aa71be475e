"""What the cluster holds of the portal's objects."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.ownership import owner_labels

MAX_PARALLEL = 8


@dataclass(frozen=True, order=True)
class ObjectKey:
    """Where an object is: its kind, namespace (empty for cluster-wide kinds) and name."""

    kind: Kind
    namespace: str
    name: str


def list_owned(
    gateway: ClusterGateway, installation: str, kinds: Iterable[Kind], namespace: str = ""
) -> dict[ObjectKey, KubeObject]:
    """Return the live objects that carry the labels of this portal, of all the kinds.

    A label is a hint only: whoever stripped it hides an object from here, so objects whose
    names are known are read by `read_objects`. Raises ClusterError rather than returning a part.
    """
    labels = owner_labels(installation)
    return {
        ObjectKey(kind, *_place(item)): item
        for kind in kinds
        for item in gateway.list(kind, namespace, labels).items
    }


def read_objects(
    gateway: ClusterGateway, keys: Sequence[ObjectKey]
) -> dict[ObjectKey, KubeObject | None]:
    """Return the live object, or None for an absent one, for each key.

    Reads several at a time. Raises ClusterError when any of them cannot be read.
    """
    unique = list(dict.fromkeys(keys))
    if not unique:
        return {}

    def read(key: ObjectKey) -> KubeObject | None:
        return gateway.get(key.kind, key.namespace, key.name)

    with ThreadPoolExecutor(min(MAX_PARALLEL, len(unique)), "egress-read") as pool:
        return dict(zip(unique, pool.map(read, unique), strict=True))


def key_of(obj: KubeObject, kind: Kind) -> ObjectKey:
    """Return where an object of this kind is."""
    return ObjectKey(kind, *_place(obj))


def _place(obj: KubeObject) -> tuple[str, str]:
    metadata = obj["metadata"]
    return str(metadata.get("namespace", "")), str(metadata["name"])
