"""What is in a cluster: namespaces, service accounts, and which pods have a proxy.

`read_inventory` lists once; `InventoryFollower` (follower.py) keeps following.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.injection import PodFacts, is_ambient, is_injected, read_pod, revision
from egress.domain.access import Inventory, NamespaceFacts

INVENTORY_KINDS: tuple[Kind, ...] = (kinds.NAMESPACE, kinds.SERVICE_ACCOUNT, kinds.POD)
MAX_NAMED_PODS = 20


@dataclass(frozen=True)
class NamespaceSnapshot:
    """One namespace. `service_accounts` maps name to uid.

    `pods` counts pods that run or will; `uninjected_pods` names at most 20 of the
    `uninjected_count` ones among them that have no proxy. `revision` is Istio's. `annotations`
    are those that were asked for.
    """

    name: str
    uid: str
    labels: Mapping[str, str]
    injected: bool
    ambient: bool
    revision: str
    terminating: bool
    service_accounts: Mapping[str, str]
    pods: int
    uninjected_count: int
    uninjected_pods: tuple[str, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> NamespaceFacts:
        """Return the part of the snapshot that the domain works with."""
        return NamespaceFacts(
            name=self.name,
            uid=self.uid,
            labels=self.labels,
            injected=self.injected,
            service_accounts=self.service_accounts,
            pods=self.pods,
            uninjected_pods=self.uninjected_pods,
        )


@dataclass(frozen=True)
class InventorySnapshot:
    """Everything at one moment, complete.

    `taken_at` is the moment up to which all of it is known to be true. `resource_versions` maps
    the plural of a kind to where a watch goes on. `confirmed` tells that a namespace or service
    account that is missing was seen deleted by a watch, or missing in two lists in a row; a
    single read knows neither.
    """

    namespaces: Mapping[str, NamespaceSnapshot]
    taken_at: datetime
    resource_versions: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = False

    @property
    def cluster_uid(self) -> str:
        """Return the uid of `kube-system`, by which a cluster is told from others."""
        system = self.namespaces.get("kube-system")
        return system.uid if system else ""

    def inventory(self) -> Inventory:
        """Return the inventory as the domain takes it."""
        facts = {name: snapshot.facts() for name, snapshot in self.namespaces.items()}
        return Inventory(namespaces=facts, synced_at=self.taken_at)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def read_inventory(
    gateway: ClusterGateway,
    *,
    clock: Callable[[], datetime] = utc_now,
    annotations: Collection[str] = (),
) -> InventorySnapshot:
    """List everything once, of annotations the named ones.

    Raises ClusterError rather than returning a part.
    """
    taken_at = clock()
    state = InventoryState(annotations)
    for kind in INVENTORY_KINDS:
        listed = gateway.list(kind)
        state.replace(kind, listed.items, listed.resource_version)
    return state.snapshot(taken_at, confirmed=False)


@dataclass
class _Namespace:
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    terminating: bool = False
    accounts: dict[str, str] = field(default_factory=dict)
    pods: dict[str, PodFacts] = field(default_factory=dict)

    def is_empty(self) -> bool:
        return not (self.uid or self.accounts or self.pods)


class InventoryState:
    """The inventory in memory, kept current by lists and watch events. For one thread."""

    def __init__(self, annotations: Collection[str] = ()) -> None:
        """`annotations` names those of namespaces that are kept: others may be of any size."""
        self._annotations = frozenset(annotations)
        self._namespaces: dict[str, _Namespace] = {}
        self._built: dict[str, NamespaceSnapshot] = {}
        self._touched: set[str] = set()
        self._versions: dict[str, str] = {}

    def is_complete(self) -> bool:
        """Tell whether each kind has been listed."""
        return all(kind.plural in self._versions for kind in INVENTORY_KINDS)

    def replace(self, kind: Kind, items: list[KubeObject], resource_version: str) -> None:
        """Take over a complete list of one kind."""
        for name, namespace in self._namespaces.items():
            if kind is kinds.NAMESPACE:
                namespace.uid, namespace.labels, namespace.terminating = "", {}, False
            elif kind is kinds.SERVICE_ACCOUNT:
                namespace.accounts = {}
            else:
                namespace.pods = {}
            self._touched.add(name)
        for item in items:
            self._put(kind, item)
        self._versions[kind.plural] = resource_version

    def change(self, kind: Kind, obj: KubeObject, *, deleted: bool) -> bool:
        """Take over a watch event. Return whether it changed anything the portal cares for."""
        version = obj["metadata"].get("resourceVersion")
        if version:
            self._versions[kind.plural] = str(version)
        return self._remove(kind, obj) if deleted else self._put(kind, obj)

    def pass_bookmark(self, kind: Kind, obj: KubeObject) -> None:
        """Remember how far a watch has come."""
        self._versions[kind.plural] = str(obj["metadata"].get("resourceVersion", ""))

    def snapshot(self, taken_at: datetime, *, confirmed: bool) -> InventorySnapshot:
        """Return an unchangeable picture; namespaces that did not change are shared."""
        for name in self._touched:
            namespace = self._namespaces.get(name)
            if namespace is not None and namespace.uid:
                self._built[name] = _picture(name, namespace)
            else:
                self._built.pop(name, None)
            if namespace is not None and namespace.is_empty():
                del self._namespaces[name]
        self._touched.clear()
        return InventorySnapshot(dict(self._built), taken_at, dict(self._versions), confirmed)

    def _put(self, kind: Kind, obj: KubeObject) -> bool:
        metadata = obj["metadata"]
        name, uid = str(metadata["name"]), str(metadata.get("uid", ""))
        place = name if kind is kinds.NAMESPACE else str(metadata.get("namespace", ""))
        namespace = self._namespaces.setdefault(place, _Namespace())
        if kind is kinds.NAMESPACE:
            old: object = (
                *(namespace.uid, namespace.labels, namespace.annotations),
                namespace.terminating,
            )
            labels = {str(key): str(value) for key, value in (metadata.get("labels") or {}).items()}
            notes = {
                str(key): str(value)
                for key, value in (metadata.get("annotations") or {}).items()
                if key in self._annotations
            }
            new: object = (uid, labels, notes, "deletionTimestamp" in metadata)
            namespace.uid, namespace.labels, namespace.annotations = uid, labels, notes
            namespace.terminating = "deletionTimestamp" in metadata
        elif kind is kinds.SERVICE_ACCOUNT:
            old, new = namespace.accounts.get(name), uid
            namespace.accounts[name] = uid
        else:
            pod = read_pod(obj)
            old, new = namespace.pods.get(name), pod
            namespace.pods[name] = pod
        if old != new:
            self._touched.add(place)
        return old != new

    def _remove(self, kind: Kind, obj: KubeObject) -> bool:
        metadata = obj["metadata"]
        name = str(metadata["name"])
        place = name if kind is kinds.NAMESPACE else str(metadata.get("namespace", ""))
        namespace = self._namespaces.get(place)
        if namespace is None:
            return False
        self._touched.add(place)
        if kind is kinds.NAMESPACE:
            known, namespace.uid = namespace.uid, ""
            return bool(known)
        if kind is kinds.SERVICE_ACCOUNT:
            return namespace.accounts.pop(name, None) is not None
        return namespace.pods.pop(name, None) is not None


def _picture(name: str, namespace: _Namespace) -> NamespaceSnapshot:
    running = [pod for pod in namespace.pods.values() if not pod.is_done]
    bare = sorted(pod.name for pod in running if not pod.has_proxy)
    return NamespaceSnapshot(
        name=name,
        uid=namespace.uid,
        labels=namespace.labels,
        injected=is_injected(name, namespace.labels),
        ambient=is_ambient(namespace.labels),
        revision=revision(namespace.labels),
        terminating=namespace.terminating,
        service_accounts=dict(sorted(namespace.accounts.items())),
        pods=len(running),
        uninjected_count=len(bare),
        uninjected_pods=tuple(bare[:MAX_NAMED_PODS]),
        annotations=namespace.annotations,
    )
