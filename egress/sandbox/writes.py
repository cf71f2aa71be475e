"""Creating and changing objects: what happens between a body and the store.

The order is the API server's: decode, default, compute ownership, admit, validate, store.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from egress.sandbox import builtin
from egress.sandbox.bodies import OPTIONAL_FIELDS, SYSTEM_FIELDS, checked_body
from egress.sandbox.errors import (
    already_exists,
    conflict,
    forbidden,
    internal,
    invalid,
    modified,
    not_found,
)
from egress.sandbox.kinds import NAMESPACE
from egress.sandbox.options import WriteOptions
from egress.sandbox.ownership import UPDATE, Claims, decode, encode, manager_of, updated
from egress.sandbox.records import Record
from egress.sandbox.schema import Cause, validate, with_defaults
from egress.sandbox.store import Store
from egress.sandbox.targets import Object, Outcome, Target, Writer

_SUFFIX_CHARS = "bcdfghjklmnpqrstvwxz2456789"
_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
)


def create(
    store: Store, target: Target, body: Any, options: WriteOptions, writer: Writer
) -> Outcome:
    """Create an object from a POST body.

    Raises StatusError for everything the API server refuses.
    """
    obj, warnings = checked_body(target, body, options)
    metadata = obj["metadata"]
    if metadata.get("resourceVersion"):
        raise internal("resourceVersion should not be set on objects to be created")
    metadata.pop("managedFields", None)
    if not metadata.get("name") and metadata.get("generateName"):
        suffix = "".join(secrets.choice(_SUFFIX_CHARS) for _ in range(5))
        metadata["name"] = metadata["generateName"][:58] + suffix
    kind, node = target.kind, target.node
    if kind.status:
        obj.pop("status", None)
    given, obj = obj, builtin.defaulted(kind, with_defaults(node, obj))
    with store.lock:
        manager = manager_of(options.manager or writer.agent, UPDATE, kind.api_version)
        claims = updated(
            node,
            builtin.empty(kind),
            builtin.owned(kind, obj, given),
            {},
            manager,
            version=kind.api_version,
            now=store.now(),
        )
        return Outcome(added(store, target, obj, claims, options, writer), True, warnings)


def added(
    store: Store,
    target: Target,
    obj: Object,
    claims: Claims,
    options: WriteOptions,
    writer: Writer,
) -> Object:
    """Admit, complete, validate and store a new object. The caller holds the store's lock."""
    kind, metadata = target.kind, obj["metadata"]
    name = metadata.get("name") or ""
    if kind.namespaced:
        _check_namespace(store, target, name)
    obj = builtin.created(kind, obj, store)
    fresh = metadata | {"uid": str(uuid4()), "creationTimestamp": store.now()}
    for unset in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        fresh.pop(unset, None)
    fresh.pop("generation", None)
    if kind.generation:
        fresh["generation"] = 1
    obj = _with_metadata(obj, fresh, claims)
    causes = validate(target.node, obj)
    if causes:
        raise invalid(kind.group, kind.kind, name, causes)
    if store.get(kind, target.namespace, name) is not None:
        raise already_exists(kind, name)
    return obj if options.dry_run else store.put(kind, obj, writer.author(options)).obj


def _with_metadata(obj: Object, metadata: Object, claims: Claims) -> Object:
    ordered = {name: metadata[name] for name in _ORDER if name in metadata}
    ordered |= {name: metadata[name] for name in metadata if name not in ordered}
    ordered.pop("managedFields", None)
    for name in OPTIONAL_FIELDS:
        if name in ordered and not ordered[name]:
            del ordered[name]
    if claims:
        ordered["managedFields"] = encode(claims)
    return obj | {"metadata": ordered}


def _check_namespace(store: Store, target: Target, name: str) -> None:
    namespace = store.get(NAMESPACE, "", target.namespace)
    if namespace is None:
        raise not_found(NAMESPACE, target.namespace)
    if "deletionTimestamp" not in namespace.obj["metadata"]:
        return
    kind = target.kind
    refusal = forbidden(
        kind.group,
        kind.plural,
        name,
        f"unable to create new content in namespace {target.namespace} "
        "because it is being terminated",
    )
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {target.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    refusal.details = {**(refusal.details or {}), "causes": [cause]}
    raise refusal


def update(
    store: Store, target: Target, body: Any, options: WriteOptions, writer: Writer
) -> Outcome:
    """Replace an object by a PUT body.

    Raises StatusError for everything the API server refuses.
    """
    new, warnings = checked_body(target, body, options)
    kind, given = target.kind, new["metadata"]
    with store.lock:
        record = _existing(store, target)
        version = given.get("resourceVersion")
        if not version and kind.custom:
            cause = Cause(
                "FieldValueInvalid",
                "Invalid value: 0: must be specified for an update",
                "metadata.resourceVersion",
            )
            raise invalid(kind.group, kind.plural, target.name, [cause])
        if given.get("uid") and given["uid"] != record.uid:
            raise conflict(
                kind,
                target.name,
                f"Precondition failed: UID in precondition: {given['uid']}, "
                f"UID in object meta: {record.uid}",
            )
        if version and version != str(record.version):
            raise modified(kind, target.name)
        return Outcome(rewritten(store, target, record, new, options, writer), False, warnings)


def without_claims(obj: Object) -> Object:
    """Return an object without its managedFields."""
    metadata = {name: v for name, v in obj["metadata"].items() if name != "managedFields"}
    return obj | {"metadata": metadata}


def _existing(store: Store, target: Target) -> Record:
    record = store.get(target.kind, target.namespace, target.name)
    if record is None:
        raise not_found(target.kind, target.name)
    return record


def rewritten(
    store: Store,
    target: Target,
    record: Record,
    new: Object,
    options: WriteOptions,
    writer: Writer,
) -> Object:
    """Store a whole new state of an object (PUT and patches); the writer owns what it changed.

    The caller holds the store's lock. Raises StatusError (422) when the state is refused.
    """
    kind, node, live = target.kind, target.node, record.obj
    claims = _claims_of(new, record)
    before = without_claims(live)
    after = _scoped(target, before, with_defaults(node, new))
    if not target.subresource:
        after = builtin.defaulted(kind, after)
    manager = manager_of(
        options.manager or writer.agent, UPDATE, kind.api_version, target.subresource
    )
    claims = updated(
        node, before, after, claims, manager, version=kind.api_version, now=store.now()
    )
    return replaced(store, target, record, after, claims, options, writer)


def _claims_of(new: Object, record: Record) -> Claims:
    """Return the claims that a body brings along; a list with one empty entry resets them."""
    given = new["metadata"].get("managedFields") or []
    if given == [{}]:
        return {}
    if given is record.obj["metadata"].get("managedFields"):
        return record.claims
    try:
        return decode(given) or record.claims
    except ValueError:
        return record.claims


def _scoped(target: Target, live: Object, new: Object) -> Object:
    """Return what a write may change: the main resource not the status, and the other way round."""
    if target.subresource:
        scoped = {k: v for k, v in live.items() if k != "status"}
        if "status" in new:
            scoped["status"] = new["status"]
        return scoped
    kept = {
        name: live["metadata"][name]
        for name in (*SYSTEM_FIELDS, "resourceVersion", "deletionGracePeriodSeconds")
        if name in live["metadata"]
    }
    metadata = {"uid": live["metadata"]["uid"]} | new["metadata"] | kept
    for name in ("managedFields", *(set(SYSTEM_FIELDS) - set(kept))):
        metadata.pop(name, None)
    if not target.kind.status:
        return new | {"metadata": metadata}
    scoped = {k: v for k, v in new.items() if k != "status"} | {"metadata": metadata}
    return scoped | {"status": live["status"]} if "status" in live else scoped


def replaced(
    store: Store,
    target: Target,
    record: Record,
    new: Object,
    claims: Claims,
    options: WriteOptions,
    writer: Writer,
) -> Object:
    """Validate and store the next state of an object. The caller holds the store's lock."""
    kind, live = target.kind, record.obj
    if not target.subresource:
        new = builtin.replaced(kind, new, live, store)
    metadata = dict(new["metadata"])
    if kind.generation and _spec_of(new) != _spec_of(live):
        metadata["generation"] = live["metadata"].get("generation", 0) + 1
    new = _with_metadata(new, metadata, claims)
    if _is_same(new, live, claims, record.claims):
        return live
    causes = _immutable(metadata, live["metadata"]) + validate(target.node, new, live)
    if causes:
        raise invalid(kind.group, kind.kind, target.name, causes)
    if options.dry_run:
        return new
    author = writer.author(options)
    if "deletionTimestamp" in metadata and not metadata.get("finalizers") and kind != NAMESPACE:
        return store.remove(Record(kind, new), author).obj
    return store.put(kind, new, author).obj


def _is_same(new: Object, live: Object, claims: Claims, before: Claims) -> bool:
    """Tell whether nothing changed but the time at which somebody claimed what he had."""
    if without_claims(new) != without_claims(live) or claims.keys() != before.keys():
        return False
    return all(
        (claim.fields, claim.version) == (before[manager].fields, before[manager].version)
        for manager, claim in claims.items()
    )


def _spec_of(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if name not in ("metadata", "status")}


def _immutable(new: Object, live: Object) -> list[Cause]:
    if new.get("uid") == live["uid"]:
        return []
    message = f'Invalid value: "{new.get("uid")}": field is immutable'
    # The server checks twice and says so twice.
    return [Cause("FieldValueInvalid", message, "metadata.uid")] * 2
