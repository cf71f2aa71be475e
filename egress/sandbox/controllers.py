"""What other programs of a cluster do after a write: istiod and two of Kubernetes' controllers.

They work after the write is answered, as in a real cluster: either right behind it (`INLINE`, the
choice for tests), in a thread a moment later (`BACKGROUND`, the server) or when told (`MANUAL`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from egress.sandbox.allocation import USE_WAYPOINT, AddressPool, entry_status, gateway_status
from egress.sandbox.deletes import delete
from egress.sandbox.errors import StatusError
from egress.sandbox.kinds import GATEWAY, KINDS, NAMESPACE, SERVICE_ACCOUNT, SERVICE_ENTRY, Kind
from egress.sandbox.ledger import Author
from egress.sandbox.options import DeleteOptions, WriteOptions
from egress.sandbox.records import Record
from egress.sandbox.store import Event, Store
from egress.sandbox.targets import Target, Writer
from egress.sandbox.writes import create, rewritten

INLINE = "inline"
BACKGROUND = "background"
MANUAL = "manual"
BACKGROUND_DELAY = 0.02

ISTIOD = Writer("system:serviceaccount:istio-system:istiod", "pilot-discovery", "patch")
ACCOUNTS = Writer(
    "system:serviceaccount:kube-system:service-account-controller",
    "kube-controller-manager",
    "create",
)
NAMESPACES = Writer(
    "system:serviceaccount:kube-system:namespace-controller", "kube-controller-manager", "delete"
)
Work = tuple[Kind, str, str]


class Controllers:
    """Watches a store and does what is left to do, object by object."""

    def __init__(self, store: Store, mode: str = INLINE) -> None:
        self.mode = mode
        self._store = store
        self._pool = AddressPool(store)
        self._pending: dict[Work, None] = {}
        self._working = threading.RLock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._steps: dict[str, Callable[[Record], None]] = {
            SERVICE_ENTRY.resource: self._describe_entry,
            GATEWAY.resource: self._describe_gateway,
            NAMESPACE.resource: self._keep_namespace,
        }
        with store.lock:
            for kind in (NAMESPACE, GATEWAY, SERVICE_ENTRY):
                for record in store.records(kind):
                    self._pending[kind, record.namespace, record.name] = None
            store.listen(self._note)

    def _note(self, event: Event) -> None:
        record = event.record
        if record.kind in (SERVICE_ENTRY, NAMESPACE, GATEWAY):
            self._pending[record.kind, *record.key] = None
        if event.type == "DELETED":
            self._note_namespace_of(record)
        if record.kind in (GATEWAY, NAMESPACE):
            self._note_waypoint_users(record)

    def _note_namespace_of(self, record: Record) -> None:
        namespace = self._store.get(NAMESPACE, "", record.namespace)
        if namespace is None:
            return
        if record.kind == SERVICE_ACCOUNT or "deletionTimestamp" in namespace.obj["metadata"]:
            self._pending[NAMESPACE, "", record.namespace] = None

    def _note_waypoint_users(self, record: Record) -> None:
        near = record.name if record.kind == NAMESPACE else ""
        for entry in self._store.records(SERVICE_ENTRY, near):
            status = entry.obj.get("status") or {}
            labels = record.obj["metadata"].get("labels") or {}
            labels = labels | (entry.obj["metadata"].get("labels") or {})
            if USE_WAYPOINT in labels or status.get("conditions"):
                self._pending[SERVICE_ENTRY, *entry.key] = None

    def after_write(self) -> None:
        """Do what is due now that a write was made, if that is this mode."""
        if self.mode == INLINE:
            self.settle()

    def settle(self) -> None:
        """Do everything that is left to do."""
        with self._working:
            while True:
                with self._store.lock:
                    work = next(iter(self._pending), None)
                    if work is None or self._store.closed:
                        return
                    del self._pending[work]
                    record = self._store.get(*work)
                    if record is not None:
                        self._steps[record.kind.resource](record)

    def start(self) -> None:
        """Work in a thread from now on, a moment behind each write."""
        self.mode = BACKGROUND
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            with self._store.lock:
                while not self._pending and not self._stopped.is_set():
                    self._store.lock.wait(1.0)
            self._stopped.wait(BACKGROUND_DELAY)
            self.settle()

    def stop(self) -> None:
        """Look at no further writes and end the thread, if there is one."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._store.unlisten(self._note)
        with self._store.lock:
            self._store.lock.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _describe_entry(self, record: Record) -> None:
        self._report(record, entry_status(self._store, self._pool, record))

    def _describe_gateway(self, record: Record) -> None:
        self._report(record, gateway_status(self._store, record))

    def _report(self, record: Record, status: dict[str, Any]) -> None:
        if status == (record.obj.get("status") or {}):
            return
        target = Target(record.kind, record.namespace, record.name, "status")
        new = record.obj | {"status": status}
        rewritten(self._store, target, record, new, WriteOptions(), ISTIOD)

    def _keep_namespace(self, record: Record) -> None:
        if "deletionTimestamp" in record.obj["metadata"]:
            self._empty_namespace(record)
        elif self._store.get(SERVICE_ACCOUNT, record.name, "default") is None:
            body: dict[str, Any] = {"metadata": {"name": "default"}}
            target = Target(SERVICE_ACCOUNT, record.name)
            create(self._store, target, body, WriteOptions(), ACCOUNTS)

    def _empty_namespace(self, record: Record) -> None:
        remaining = 0
        for kind in KINDS:
            if not kind.namespaced:
                continue
            for content in self._store.records(kind, record.name):
                target = Target(kind, content.namespace, content.name)
                try:
                    delete(self._store, target, DeleteOptions(), NAMESPACES)
                except StatusError:
                    remaining += 1
            remaining += len(self._store.records(kind, record.name))
        if not remaining and not record.obj["metadata"].get("finalizers"):
            self._store.remove(record, Author(NAMESPACES.user, NAMESPACES.agent, NAMESPACES.verb))
