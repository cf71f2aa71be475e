"""A gateway that fails or lies about one kind when a test tells it to."""

from collections.abc import Iterator
from typing import Any

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, Kind, ObjectList, WatchEvent


class Tampered:
    """A gateway that fails or lies about one kind when told to."""

    def __init__(self, inner: ClusterGateway, plural: str) -> None:
        self._inner = inner
        self._plural = plural
        self.fault: Fault | None = Fault.SERVER
        self.hidden = ""
        self.hide_times = 0
        self.watch_fault: Fault | None = None
        self.lists = 0

    def list(self, kind: Kind, *rest: Any, **more: Any) -> ObjectList:
        listed = self._inner.list(kind, *rest, **more)
        if kind.plural != self._plural:
            return listed
        self.lists += 1
        if self.fault is not None:
            raise ClusterError("It failed.", self.fault, retryable=True)
        if self.hidden and self.hide_times:
            self.hide_times -= 1
            kept = [item for item in listed.items if item["metadata"]["name"] != self.hidden]
            return ObjectList(kept, listed.resource_version)
        return listed

    def watch(self, kind: Kind, version: str, *, timeout: float) -> Iterator[WatchEvent]:
        if kind.plural == self._plural and self.watch_fault is not None:
            fault, self.watch_fault = self.watch_fault, None
            raise ClusterError("The watch failed.", fault, retryable=True)
        yield from self._inner.watch(kind, version, timeout=timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
