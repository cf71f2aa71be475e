"""Read a list to its end, page by page, or not at all."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egress.cluster.answers import Deed, malformed
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind, KubeObject, ObjectList, Page
from egress.cluster.paths import selector

MAX_RESTARTS = 3
MAX_OBJECTS = 500_000

ReadPage = Callable[[Mapping[str, str]], Mapping[str, Any]]
"""Fetches the page for a query. Raises ClusterError, also when the time is over."""


def list_all(
    read_page: ReadPage,
    kind: Kind,
    labels: Mapping[str, str],
    *,
    deed: Deed,
    page_size: int,
) -> ObjectList:
    """Return the whole list, starting anew when a page has expired.

    Raises ClusterError: EXPIRED when it expires again and again, MALFORMED for an answer that
    is not a list of this kind, and those of `read_page`.
    """
    items: list[KubeObject] = []
    version = ""
    for page in read_pages(read_page, kind, labels, deed=deed, page_size=page_size):
        if page.is_first:
            items.clear()
            # The first page's version is the oldest: watching from it misses nothing.
            version = page.resource_version
        items.extend(page.items)
    return ObjectList(items, version)


def read_pages(
    read_page: ReadPage,
    kind: Kind,
    labels: Mapping[str, str],
    *,
    deed: Deed,
    page_size: int,
) -> Iterator[Page]:
    """Yield a list page by page; it begins anew when a page has expired (see `Page`).

    Raises ClusterError as `list_all` does: who got no error has seen the whole list.
    """
    query = {"limit": str(page_size)}
    if labels:
        query["labelSelector"] = selector(labels)
    for restarts in range(MAX_RESTARTS + 1):
        try:
            yield from _until_the_end(read_page, kind, query, deed)
        except ClusterError as error:
            if error.fault is not Fault.EXPIRED or restarts == MAX_RESTARTS:
                raise
        else:
            return


def _until_the_end(
    read_page: ReadPage, kind: Kind, query: Mapping[str, str], deed: Deed
) -> Iterator[Page]:
    token, count = "", 0
    while True:
        page = read_page({**query, "continue": token} if token else query)
        metadata = _check(page, kind, deed)
        items = _items(page, kind, deed)
        count += len(items)
        yield Page(items, not token, str(metadata["resourceVersion"]))
        previous, token = token, str(metadata.get("continue") or "")
        if not token:
            return
        if token == previous or count > MAX_OBJECTS:
            raise malformed(deed, "never ends")


def _check(page: Mapping[str, Any], kind: Kind, deed: Deed) -> Mapping[str, Any]:
    metadata = page.get("metadata")
    if page.get("kind") != f"{kind.kind}List" or not isinstance(metadata, dict):
        raise malformed(deed, f"is not a list of {kind.plural}")
    if not metadata.get("resourceVersion"):
        raise malformed(deed, "has no resourceVersion")
    return metadata


def _items(page: Mapping[str, Any], kind: Kind, deed: Deed) -> list[KubeObject]:
    """Return the objects of a page with their kind, which lists of core kinds leave out."""
    if "items" not in page:
        raise malformed(deed, "has no items")
    found = page["items"] or []
    if not isinstance(found, list) or not all(_is_named(item) for item in found):
        raise malformed(deed, "has items without a name")
    return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in found]


def _is_named(item: object) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and bool(metadata.get("name"))
