"""Getting and listing objects in the form that the caller wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from egress.sandbox import gojson, paging
from egress.sandbox.errors import (
    StatusError,
    bad_request,
    expired,
    not_found,
    version_too_large,
)
from egress.sandbox.forms import FULL, wanted_form
from egress.sandbox.kinds import Kind
from egress.sandbox.messages import Response, json_response
from egress.sandbox.records import Record
from egress.sandbox.selectors import Requirement, parse_selection
from egress.sandbox.store import Store
from egress.sandbox.tables import META, partial, table
from egress.sandbox.targets import Target

Query = Mapping[str, list[str]]


def first(query: Query, name: str) -> str:
    """Return the first value of a parameter, or an empty text."""
    return query.get(name, [""])[0]


def number(query: Query, name: str) -> int:
    """Return a parameter as a number that is not negative; 0 when it is absent.

    Raises StatusError (400).
    """
    text = first(query, name)
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def get(store: Store, target: Target, query: Query, accept: str) -> Response:
    """Answer with one object. Raises StatusError (404)."""
    record = store.get(target.kind, target.namespace, target.name)
    if record is None:
        raise not_found(target.kind, target.name)
    return object_response(store, 200, record, query, accept)


def object_response(
    store: Store,
    status: int,
    record: Record,
    query: Query,
    accept: str,
    *,
    warnings: list[str] | None = None,
) -> Response:
    """Answer with one object, as a table row or as metadata when that is wanted."""
    form = wanted_form(accept)
    if form == FULL:
        return json_response(status, record.encoded, warnings=warnings)
    if form == "Table":
        metadata = {"resourceVersion": str(record.version)}
        include = first(query, "includeObject") or "Metadata"
        body = table(record.kind, [record], metadata, store.clock(), include=include)
    else:
        body = partial(record.obj)
    return json_response(status, body, warnings=warnings)


def list_objects(store: Store, kind: Kind, namespace: str, query: Query, accept: str) -> Response:
    """Answer with the selected objects of a kind, a page at a time when `limit` is given.

    Raises StatusError: 400 for unreadable parameters, 410 for versions no longer kept.
    """
    form = wanted_form(accept)
    limit = number(query, "limit")
    selection = parse_selection(kind, query)
    matches = selection.matcher()
    version, records = _state(store, kind, namespace, query, selection.labels)
    if matches is not None:
        found = (record for record in records if matches(record.obj))
        # One more than asked for tells whether there is a next page.
        records = list(islice(found, limit + 1 if limit else None))
    page = records[:limit] if limit else records
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if kind.custom:
        metadata = {"continue": ""} | metadata
    if len(page) < len(records):
        last = page[-1]
        metadata["continue"] = paging.token(
            version, last.namespace, last.name, all_namespaces=not namespace
        )
        if matches is None:
            metadata["remainingItemCount"] = len(records) - len(page)
    if form == "Table":
        include = first(query, "includeObject") or "Metadata"
        return json_response(200, table(kind, page, metadata, store.clock(), include=include))
    return json_response(200, encoded_list(kind, page, metadata, form))


def encoded_list(
    kind: Kind, records: list[Record], metadata: Mapping[str, Any], form: str = FULL
) -> bytes:
    """Return a list of objects as JSON, made of the objects' encoded forms."""
    if form == FULL:
        head = {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": metadata}
        items = [record.as_item for record in records]
    else:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": META, "metadata": metadata}
        items = [gojson.dumps(partial(record.obj)) for record in records]
    return gojson.dumps(head)[:-1] + b',"items":[' + b",".join(items) + b"]}"


def _state(
    store: Store, kind: Kind, namespace: str, query: Query, labels: Sequence[Requirement]
) -> tuple[int, list[Record]]:
    if first(query, "continue"):
        return _rest(store, kind, namespace, first(query, "continue"))
    wanted, match = number(query, "resourceVersion"), first(query, "resourceVersionMatch")
    if match and not first(query, "resourceVersion"):
        raise bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
    with store.lock:
        if wanted > store.version:
            raise version_too_large(wanted, store.version)
        if match == "Exact":
            return wanted, store.records_at(kind, namespace, wanted)
        return store.version, store.records(kind, namespace, labels=labels)


def _rest(store: Store, kind: Kind, namespace: str, continuing: str) -> tuple[int, list[Record]]:
    version, start = paging.read_token(continuing)
    with store.lock:
        if version == paging.INCONSISTENT:
            version = store.version
        try:
            return version, store.records_at(kind, namespace, version, _key(kind, namespace, start))
        except StatusError as error:
            if error.code != expired("").code:
                raise
            raise paging.too_old(version, start) from error


def _key(kind: Kind, namespace: str, start: str) -> str:
    """Return the key in the store that a token's key stands for."""
    is_whole = kind.namespaced and not namespace
    return start if is_whole else f"{namespace}/{start}"
