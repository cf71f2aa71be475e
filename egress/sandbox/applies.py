"""Server-side apply: create an object or merge a configuration into it."""

from __future__ import annotations

from typing import Any

from egress.sandbox import builtin
from egress.sandbox.bodies import checked_config
from egress.sandbox.errors import conflict, modified, not_found
from egress.sandbox.options import WriteOptions
from egress.sandbox.ownership import APPLY, applied, manager_of
from egress.sandbox.schema import with_defaults
from egress.sandbox.store import Store
from egress.sandbox.targets import Object, Outcome, Target, Writer
from egress.sandbox.writes import added, replaced, without_claims


def apply(
    store: Store, target: Target, config: Any, options: WriteOptions, writer: Writer
) -> Outcome:
    """Apply a configuration (server-side apply): create the object or merge into it.

    Raises StatusError for everything the API server refuses.
    """
    config = checked_config(target, config)
    with store.lock:
        record = store.get(target.kind, target.namespace, target.name)
        if record is None:
            return _applied_new(store, target, config, options, writer)
        version = config["metadata"].pop("resourceVersion", None)
        if version and version != str(record.version):
            raise modified(target.kind, target.name)
        kind, node = target.kind, target.node
        live = record.obj
        before = without_claims(live)
        merged, claims = applied(
            node,
            before,
            config,
            record.claims,
            manager_of(options.manager, APPLY, kind.api_version, target.subresource),
            version=kind.api_version,
            force=options.force,
            now=store.now(),
        )
        if merged is before and claims == record.claims:
            return Outcome(live)
        if merged is not before:
            merged = builtin.defaulted(kind, with_defaults(node, merged))
        return Outcome(replaced(store, target, record, merged, claims, options, writer))


def _applied_new(
    store: Store, target: Target, config: Object, options: WriteOptions, writer: Writer
) -> Outcome:
    kind, node, uid = target.kind, target.node, config["metadata"].pop("uid", None)
    if target.subresource:
        raise not_found(kind, target.name)
    if uid:
        raise conflict(
            kind,
            target.name,
            f"uid mismatch: the provided object specified uid {uid}, "
            "and no existing object was found",
        )
    base = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {}}
    merged, claims = applied(
        node,
        base,
        config,
        {},
        manager_of(options.manager, APPLY, kind.api_version),
        version=kind.api_version,
        force=options.force,
        now=store.now(),
    )
    obj = builtin.defaulted(kind, with_defaults(node, merged))
    return Outcome(added(store, target, obj, claims, options, writer), created=True)
