"""What the portal needs of a cluster, as an interface.

`KubeGateway` (kube.py) implements it over the official client's transport; tests run the same
class over the sandbox in process.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

KubeObject = dict[str, Any]


@dataclass(frozen=True, order=True)
class Kind:
    """A kind of Kubernetes object and where the API serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """Return the API group, empty for core."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True)
class ClusterIdentity:
    """Which cluster answers, and as whom: `uid` is that of the `kube-system` namespace."""

    uid: str
    version: str
    user: str


@dataclass(frozen=True)
class Review:
    """What a cluster says about somebody's right: yes or no, and why in its own words.

    `why` is empty where the cluster gives no reason.
    """

    allowed: bool
    why: str = ""


@dataclass(frozen=True)
class WatchEvent:
    """One event of a watch: `type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: KubeObject


@dataclass(frozen=True)
class ObjectList:
    """All objects of a complete list, and the resourceVersion from which to watch on."""

    items: list[KubeObject] = field(default_factory=list)
    resource_version: str = ""


@dataclass(frozen=True)
class Page:
    """Some objects of a list that is read piece by piece.

    `is_first` says that the list begins here. It begins anew when a page had expired: then what
    earlier pages held counts no longer.
    """

    items: list[KubeObject]
    is_first: bool
    resource_version: str = ""


class ClusterGateway(Protocol):
    """Every call the portal makes on a cluster. Each has a timeout and raises `ClusterError`."""

    def identity(self) -> ClusterIdentity:
        """Return which cluster this is."""

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        """Return one object, or None when it does not exist."""

    def list(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> ObjectList:
        """Return all objects (of all namespaces when `namespace` is empty), paged underneath.

        A list that expires half-way starts anew; an incomplete list is never returned.
        """

    def pages(
        self,
        kind: Kind,
        namespace: str = "",
        labels: Mapping[str, str] | None = None,
        *,
        size: int | None = None,
    ) -> Iterator[Page]:
        """Yield the objects of `list` page by page, so that nobody has to hold them all.

        Only who was given the last page has seen a complete list: the iterator ends by itself
        then, and raises ClusterError otherwise. Each page has the timeout of a call of its own.
        `size` is the objects of a page, unless the connection's own number of them will do.
        """

    def create(self, obj: KubeObject, *, dry_run: bool = False, looked: bool = False) -> KubeObject:
        """Create by server-side apply without force, and return the stored object.

        `looked` tells that a dry run of the same was successful a moment ago, so that nobody
        else's object has the name. Raises ClusterError(CONFLICT) when an object of another
        manager has the name, and when an equal foreign object was there already
        (`managedFields` names another manager).
        """

    def update(self, obj: KubeObject, *, uid: str, dry_run: bool = False) -> KubeObject:
        """Bring the object with this uid to `obj` by server-side apply with force.

        Raises ClusterError(CONFLICT) when the object is gone or has another uid.
        """

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        uid: str,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> None:
        """Delete the object with this uid (and resourceVersion, when given).

        An object that is already gone is success. Raises ClusterError(CONFLICT) when another
        object has the name.
        """

    def watch(self, kind: Kind, resource_version: str, *, timeout: float) -> Iterator[WatchEvent]:
        """Yield events of all namespaces from `resource_version`, for at most `timeout` seconds.

        Raises ClusterError(EXPIRED) when the resourceVersion is too old: list again.
        """

    def may(self, verb: str, kind: Kind, namespace: str = "") -> bool:
        """Ask the cluster whether these credentials may do `verb` (SelfSubjectAccessReview)."""

    def review(
        self, user: str, groups: Sequence[str], verb: str, kind: Kind, namespace: str
    ) -> Review:
        """Ask whether `user`, in `groups`, may do `verb` (SubjectAccessReview).

        Only a plain yes is one: a denial, an error of evaluation, or an answer that is no
        boolean is a no. Raises ClusterError when there is no answer.
        """

    def serves(self, kind: Kind) -> bool:
        """Tell whether the API knows the kind (its CRD is there)."""

    def ending_by(self, until: float) -> "ClusterGateway":
        """Return this connection with calls that are all over by `until`.

        `until` is a reading of `time.monotonic()`, however many calls are made. Closing either
        closes both.
        """

    def close(self) -> None:
        """Release the connections."""
