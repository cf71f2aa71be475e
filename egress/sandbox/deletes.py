"""Deleting objects, one or many: preconditions, finalizers, namespaces that end."""

from __future__ import annotations

from typing import Any

from egress.sandbox.errors import StatusError, conflict, delete_precondition, forbidden, not_found
from egress.sandbox.kinds import NAMESPACE
from egress.sandbox.ledger import Author
from egress.sandbox.options import DeleteOptions
from egress.sandbox.records import Record
from egress.sandbox.selectors import Selection
from egress.sandbox.store import Store
from egress.sandbox.targets import Target, Writer

_LASTING_NAMESPACES = ("default", "kube-system", "kube-public")


def delete(store: Store, target: Target, options: DeleteOptions, writer: Writer) -> dict[str, Any]:
    """Delete an object. Returns the answer: a Status, or the object where the server shows it.

    Raises StatusError: 404, 409 for preconditions, 403 for namespaces that must stay.
    """
    kind = target.kind
    with store.lock:
        record = store.get(kind, target.namespace, target.name)
        if record is None:
            raise not_found(kind, target.name)
        _check_preconditions(record, options)
        lingering = _lingering(store, record)
        author = Author(writer.user, writer.agent, writer.verb)
        if lingering is not None:
            if options.dry_run or lingering is record.obj:
                return lingering
            return store.put(kind, lingering, author).obj
        if not options.dry_run:
            store.remove(record, author)
    return record.obj if kind.echo_deleted else _success(record)


def _success(record: Record) -> dict[str, Any]:
    kind = record.kind
    about = {"name": record.name, "group": kind.group, "kind": kind.plural, "uid": record.uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {name: value for name, value in about.items() if value},
    }


def _check_preconditions(record: Record, options: DeleteOptions) -> None:
    if options.uid and options.uid != record.uid:
        raise delete_precondition(
            record.kind,
            record.name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({record.uid}). The object might have been deleted and then recreated",
        )
    if options.version and options.version != str(record.version):
        raise delete_precondition(
            record.kind,
            record.name,
            f"the ResourceVersion in the precondition ({options.version}) does not match the "
            f"ResourceVersion in record ({record.version}). The object might have been modified",
        )


def _lingering(store: Store, record: Record) -> dict[str, Any] | None:
    """Return the object's state when something must happen before it can go, else None."""
    metadata = record.obj["metadata"]
    is_namespace = record.kind == NAMESPACE
    if is_namespace:
        _check_namespace(record)
    elif not metadata.get("finalizers"):
        return None
    elif "deletionTimestamp" in metadata:
        return record.obj
    marked = metadata | {"deletionTimestamp": store.now()}
    if is_namespace:
        status = record.obj.get("status", {}) | {"phase": "Terminating"}
        return record.obj | {"metadata": marked, "status": status}
    marked["deletionGracePeriodSeconds"] = 0
    if "generation" in marked:
        marked["generation"] += 1
    return record.obj | {"metadata": marked}


def _check_namespace(record: Record) -> None:
    if record.name in _LASTING_NAMESPACES:
        raise forbidden("", "namespaces", record.name, "this namespace may not be deleted")
    if "deletionTimestamp" in record.obj["metadata"]:
        raise conflict(
            record.kind,
            record.name,
            "The system is ensuring all content is removed from this namespace.  Upon completion, "
            "this namespace will automatically be purged by the system.",
        )


def delete_collection(
    store: Store, target: Target, selection: Selection, options: DeleteOptions, writer: Writer
) -> list[Record]:
    """Delete all selected objects of a collection. Returns them as they were before."""
    matches = selection.matcher()
    gone = []
    with store.lock:
        for record in store.records(target.kind, target.namespace):
            if matches is not None and not matches(record.obj):
                continue
            one = Target(target.kind, record.namespace, record.name)
            try:
                delete(store, one, options, writer)
            except StatusError as error:
                if error.code != 404:
                    raise
            gone.append(record)
    return gone
