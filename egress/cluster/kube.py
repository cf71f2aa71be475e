"""The cluster as the portal uses it: `ClusterGateway` over raw, typed paths."""

import time
from collections.abc import Iterator, Mapping, Sequence
from copy import copy

from egress.cluster import kinds, reviews
from egress.cluster.answers import Deed, malformed, says_absent
from egress.cluster.calls import APPLY, JSON, Calls, named, success
from egress.cluster.credentials import Credentials
from egress.cluster.gateway import (
    ClusterIdentity,
    Kind,
    KubeObject,
    ObjectList,
    Page,
    Review,
    WatchEvent,
)
from egress.cluster.http_transport import HttpTransport, Limits
from egress.cluster.listing import list_all, read_pages
from egress.cluster.naming import in_the_way, key_of, reading, require_uid, words
from egress.cluster.ownership import is_foreign
from egress.cluster.pace import MOST, Pace
from egress.cluster.paths import collection_path, group_path, object_path
from egress.cluster.transport import Answer, Transport
from egress.cluster.watching import watch_events

TIMEOUT = 28.0
"""Seconds for one call, a whole paged list included: below the 30 s of promise P18."""
LONGEST_LIST = 120.0
"""Seconds for all pages of a list that is read piece by piece: others wait for their sweep."""
WATCH_GRACE = 5.0
"""Seconds a server may be late in ending a watch before it counts as gone."""


class KubeGateway:
    """Talks to one cluster. Safe to use from several threads; close it when done."""

    def __init__(
        self,
        transport: Transport,
        *,
        field_manager: str = "egress-portal",
        page_size: int = 500,
        timeout: float = TIMEOUT,
        at_once: int = MOST,
    ) -> None:
        """`timeout` is in seconds and bounds every call; `page_size` is objects per page.

        At most `at_once` requests are under way, from whatever threads.
        """
        self._calls = Calls(transport, timeout, pace=Pace(at_once))
        self._field_manager = field_manager
        self._page_size = page_size

    def __repr__(self) -> str:
        return f"KubeGateway({self._calls!r})"

    def identity(self) -> ClusterIdentity:
        """Return which cluster this is. Raises ClusterError, also when it cannot be told."""
        deed = self._calls.begin("tell which cluster this is")
        answer = self._calls.send(deed, "GET", object_path(kinds.NAMESPACE, "", "kube-system"))
        uid = named(answer, deed, "kube-system")["metadata"].get("uid")
        if not isinstance(uid, str) or not uid:
            raise malformed(deed, "has no uid of the namespace kube-system")
        version = self._calls.ask(deed, "GET", "/version").get("gitVersion")
        return ClusterIdentity(uid, str(version or ""), self._user(deed))

    def _user(self, deed: Deed) -> str:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        status = self._calls.ask(deed, "POST", path, body=review).get("status")
        info = status.get("userInfo") if isinstance(status, dict) else None
        return str(info.get("username") or "") if isinstance(info, dict) else ""

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        """Return one object, or None when the API says that it does not exist."""
        deed = self._calls.begin(f"read {words(kind, namespace, name)}")
        return self._get(deed, kind, namespace, name)

    def _get(self, deed: Deed, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        answer = self._calls.send(deed, "GET", object_path(kind, namespace, name))
        return None if says_absent(answer, kind, name) else named(answer, deed, name)

    def list(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> ObjectList:
        """Return all objects; an incomplete list is an error."""
        place = f' in "{namespace}"' if namespace else ""
        deed = self._calls.begin(f"list {kind.plural}{place}")
        path = collection_path(kind, namespace)

        def page(query: Mapping[str, str]) -> KubeObject:
            return self._calls.ask(deed, "GET", path, query=query)

        return list_all(page, kind, labels or {}, deed=deed, page_size=self._page_size)

    def pages(
        self,
        kind: Kind,
        namespace: str = "",
        labels: Mapping[str, str] | None = None,
        *,
        size: int | None = None,
    ) -> Iterator[Page]:
        """Yield the objects of `list` page by page; each page has a timeout of its own.

        All of them together take LONGEST_LIST at most: pages may come slowly and without end.
        """
        place = f' in "{namespace}"' if namespace else ""
        told, path = f"list {kind.plural}{place}", collection_path(kind, namespace)
        calls = self._calls.ending_by(time.monotonic() + LONGEST_LIST)

        def page(query: Mapping[str, str]) -> KubeObject:
            return calls.ask(calls.begin(told), "GET", path, query=query)

        deed = calls.begin(told)
        return read_pages(page, kind, labels or {}, deed=deed, page_size=size or self._page_size)

    def create(self, obj: KubeObject, *, dry_run: bool = False, looked: bool = False) -> KubeObject:
        """Create by server-side apply without force, and return the stored object.

        Looks first: an apply onto an object that agrees in every field, or that another portal
        wrote under the same field manager, would succeed and change it. One that appears in
        between is seen by its `managedFields`. Raises ClusterError(CONFLICT) for both.

        `looked` tells that a dry run of the same was just successful. A dry run changes nothing,
        so its answer is the look: 201 says that the name is free.
        """
        kind, namespace, name = key_of(obj)
        deed = self._calls.begin(f"create {words(kind, namespace, name)}", writes=not dry_run)
        if not (looked or dry_run):
            self._look(deed, obj)
        answer = self._apply(deed, obj, dry_run=dry_run)
        stored = named(answer, deed, name)
        if answer.status != 201:
            if is_foreign(stored, obj, self._field_manager):
                raise in_the_way(deed)
            if dry_run:
                # Its answer is the merged object, which hides another portal's label.
                self._look(deed, obj)
        return stored

    def _look(self, deed: Deed, obj: KubeObject) -> None:
        """Raise ClusterError(CONFLICT) when somebody else's object has the name."""
        existing = self._get(reading(deed), *key_of(obj))
        if existing is not None and is_foreign(existing, obj, self._field_manager):
            raise in_the_way(deed)

    def update(self, obj: KubeObject, *, uid: str, dry_run: bool = False) -> KubeObject:
        """Bring the object with this uid to `obj` by server-side apply with force.

        Raises ClusterError(CONFLICT) when the object is gone or has another uid.
        """
        kind, namespace, name = key_of(obj)
        deed = self._calls.begin(f"update {words(kind, namespace, name)}", writes=not dry_run)
        require_uid(uid, deed)
        pinned = {**obj, "metadata": {**obj["metadata"], "uid": uid}}
        return named(self._apply(deed, pinned, dry_run=dry_run, force=True), deed, name)

    def _apply(self, deed: Deed, obj: KubeObject, *, dry_run: bool, force: bool = False) -> Answer:
        query = {
            "fieldManager": self._field_manager,
            "fieldValidation": "Strict",
            **({"force": "true"} if force else {}),
            **({"dryRun": "All"} if dry_run else {}),
        }
        path = object_path(*key_of(obj))
        return self._calls.send(deed, "PATCH", path, query=query, headers=APPLY, body=obj)

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
        object has the name. All options travel in the body, which replaces those of the query.
        """
        deed = self._calls.begin(f"delete {words(kind, namespace, name)}", writes=not dry_run)
        require_uid(uid, deed)
        preconditions = {"uid": uid}
        if resource_version:
            preconditions["resourceVersion"] = resource_version
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
            "propagationPolicy": "Background",
            **({"dryRun": ["All"]} if dry_run else {}),
        }
        path = object_path(kind, namespace, name)
        answer = self._calls.send(deed, "DELETE", path, headers=JSON, body=options)
        if says_absent(answer, kind, name):
            return
        # Anything else is the word of something between us and the server.
        if success(answer, deed).get("kind") not in ("Status", kind.kind):
            raise malformed(deed, "does not say what was deleted")

    def watch(self, kind: Kind, resource_version: str, *, timeout: float) -> Iterator[WatchEvent]:
        """Yield events of all namespaces from `resource_version`, for at most `timeout` seconds.

        Raises ClusterError(EXPIRED) when the resourceVersion is too old, and others as the
        connection fails.
        """
        deed = self._calls.begin(f"watch {kind.plural}")
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, int(timeout))),
        }
        stream = self._calls.open(deed, collection_path(kind), query, timeout + WATCH_GRACE)
        yield from watch_events(stream, kind, deed)

    def may(self, verb: str, kind: Kind, namespace: str = "") -> bool:
        """Ask the cluster whether these credentials may do `verb`; doubt counts as no."""
        deed = self._calls.begin(f"ask whether the portal may {verb} {kind.plural}")
        path, body = reviews.of_self(verb, kind, namespace)
        return reviews.verdict(self._calls.ask(deed, "POST", path, body=body), deed).allowed

    def review(
        self, user: str, groups: Sequence[str], verb: str, kind: Kind, namespace: str
    ) -> Review:
        """Ask whether somebody may do `verb` in a namespace; doubt counts as no."""
        deed = self._calls.begin(f'ask whether "{user}" may {verb} {kind.plural} in "{namespace}"')
        path, body = reviews.of_subject(user, groups, verb, kind, namespace)
        return reviews.verdict(self._calls.ask(deed, "POST", path, body=body), deed)

    def serves(self, kind: Kind) -> bool:
        """Tell whether the API knows the kind (its CRD is there)."""
        deed = self._calls.begin(f'ask whether "{kind.api_version}" is served')
        answer = self._calls.send(deed, "GET", group_path(kind))
        if answer.status == 404:
            return False
        resources = success(answer, deed).get("resources")
        if not isinstance(resources, list):
            raise malformed(deed, "has no resources")
        return any(item.get("name") == kind.plural for item in resources if isinstance(item, dict))

    def ending_by(self, until: float) -> "KubeGateway":
        """Return this connection with calls that are all over by `until` (`time.monotonic()`)."""
        bounded = copy(self)
        bounded._calls = self._calls.ending_by(until)
        return bounded

    def close(self) -> None:
        """Release the connections and end running watches."""
        self._calls.close()


def connect_gateway(
    credentials: Credentials,
    *,
    field_manager: str = "egress-portal",
    page_size: int = 500,
    timeout: float = TIMEOUT,
    at_once: int = MOST,
    limits: Limits | None = None,
) -> KubeGateway:
    """Return a gateway to the cluster of these credentials; nothing is sent yet.

    At most `at_once` requests are under way at any time. `limits` are the transport's: connect
    and read timeouts, size of answers and of the pool.
    Raises ClusterError(CREDENTIALS) when the credentials cannot be used.
    """
    return KubeGateway(
        HttpTransport(credentials, limits or Limits(pool_size=max(at_once, MOST))),
        field_manager=field_manager,
        page_size=page_size,
        timeout=timeout,
        at_once=at_once,
    )
