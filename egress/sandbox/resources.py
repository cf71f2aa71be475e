"""Requests on resources: which verb does what, and how its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from egress.sandbox import gojson
from egress.sandbox.applies import apply
from egress.sandbox.bodies import check_types, decoded, with_path_names
from egress.sandbox.deletes import delete, delete_collection
from egress.sandbox.errors import (
    StatusError,
    bad_request,
    invalid,
    method_not_allowed,
    modified,
    not_found,
    unsupported_media,
)
from egress.sandbox.forms import FULL, wanted_form
from egress.sandbox.kinds import Kind, kind_at
from egress.sandbox.messages import Request, Response, json_response, text_response
from egress.sandbox.options import WriteOptions, agent_name, delete_options, write_options
from egress.sandbox.patches import (
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    json_patched,
    merge_patched,
    strategic_patched,
)
from egress.sandbox.reading import encoded_list, get, list_objects
from egress.sandbox.routes import Route
from egress.sandbox.schema import Cause, prune
from egress.sandbox.selectors import parse_selection
from egress.sandbox.store import Store
from egress.sandbox.tables import partial, table
from egress.sandbox.targets import Outcome, Target, Writer
from egress.sandbox.users import User
from egress.sandbox.watching import Watch, watch
from egress.sandbox.writes import create, rewritten, update

APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Call:
    """A request that is allowed, with what its path means."""

    request: Request
    query: Mapping[str, list[str]]
    route: Route
    verb: str
    user: User

    @property
    def content_type(self) -> str:
        """Return the media type of the body."""
        return self.request.media_type

    @property
    def writer(self) -> Writer:
        """Return who writes by this call."""
        agent = agent_name(self.request.header("User-Agent"))
        return Writer(self.user.name, agent, self.verb)


class Resources:
    """Answers calls on the objects of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, call: Call) -> Response:
        """Answer a call. Raises StatusError for refusals."""
        route = call.route
        kind = kind_at(route.group, route.version, route.plural)
        if kind is None or route.too_deep or not _serves(kind, route):
            return text_response(404, "404 page not found\n")
        if (call.verb not in kind.verbs and not route.subresource) or not _fits(call, kind):
            raise method_not_allowed()
        target = Target(kind, route.namespace, route.name, route.subresource)
        accept = call.request.header("Accept")
        if call.verb == "get":
            return get(self._store, target, call.query, accept)
        if call.verb == "list":
            return list_objects(self._store, kind, route.namespace, call.query, accept)
        if call.verb == "watch":
            return watch(self._store, Watch.of(kind, route.namespace, call.query, accept))
        form = wanted_form(accept)
        if call.verb in ("delete", "deletecollection"):
            return self._delete(call, target, form)
        return self._write(call, target, form)

    def _write(self, call: Call, target: Target, form: str) -> Response:
        store, writer = self._store, call.writer
        if call.verb == "create":
            options = write_options("CreateOptions", call.query)
            outcome = create(
                store, target, decoded(call.request, target.kind.kind), options, writer
            )
        elif call.verb == "update":
            options = write_options("UpdateOptions", call.query)
            outcome = update(
                store, target, decoded(call.request, target.kind.kind), options, writer
            )
        else:
            outcome = self._patch(call, target, writer)
        status = 201 if outcome.created else 200
        body = outcome.obj
        if form == "PartialObjectMetadata":
            body = partial(outcome.obj)
        return json_response(status, body, warnings=outcome.warnings)

    def _patch(self, call: Call, target: Target, writer: Writer) -> Outcome:
        accepted = [JSON_PATCH, MERGE, STRATEGIC, APPLY_PATCH]
        if target.kind.custom:
            accepted.remove(STRATEGIC)
        if call.content_type not in accepted:
            raise unsupported_media(accepted)
        applies = call.content_type == APPLY_PATCH
        options = write_options("PatchOptions", call.query, applies=applies)
        if applies:
            try:
                config = gojson.loads_yaml(call.request.body)
            except gojson.UnreadableError as error:
                raise bad_request(f"error decoding YAML: {error}") from error
            return apply(self._store, target, config, options, writer)
        try:
            patch = gojson.loads(call.request.body)
        except gojson.UnreadableError as error:
            raise bad_request(f"error decoding patch: {error}") from error
        return self._patched(call, target, patch, options)

    def _patched(self, call: Call, target: Target, patch: Any, options: WriteOptions) -> Outcome:
        store, node = self._store, target.node
        with store.lock:
            record = store.get(target.kind, target.namespace, target.name)
            if record is None:
                raise not_found(target.kind, target.name)
            if call.content_type == JSON_PATCH:
                patched = json_patched(record.obj, patch)
            elif not isinstance(patch, Mapping):
                raise bad_request("error decoding patch: the patch is no object")
            elif call.content_type == MERGE:
                patched = merge_patched(record.obj, patch)
            else:
                patched = strategic_patched(node, record.obj, patch)
            if not isinstance(patched, Mapping) or not isinstance(patched.get("metadata"), Mapping):
                raise _unfit_patch(patched, "the result is no object with metadata")
            pruned, warnings = prune(node, patched)
            if warnings and options.validation == "Strict":
                raise _unfit_patch(patched, f"strict decoding error: {', '.join(warnings)}")
            check_types(target, pruned)
            new = with_path_names(target, pruned)
            if new["metadata"].get("resourceVersion") not in (None, "", str(record.version)):
                raise modified(target.kind, target.name)
            obj = rewritten(store, target, record, new, options, call.writer)
        return Outcome(obj, False, warnings if options.validation == "Warn" else [])

    def _delete(self, call: Call, target: Target, form: str) -> Response:
        body = None
        if call.request.body:
            body = decoded(call.request, "DeleteOptions")
            if not isinstance(body, Mapping):
                raise bad_request("the body of a delete must be DeleteOptions")
        options = delete_options(call.query, body)
        if call.verb == "delete":
            return json_response(200, delete(self._store, target, options, call.writer))
        selection = parse_selection(target.kind, call.query)
        gone = delete_collection(self._store, target, selection, options, call.writer)
        metadata: dict[str, Any] = {"resourceVersion": str(self._store.version)}
        if target.kind.custom:
            metadata["continue"] = ""
        if form == "Table":
            return json_response(200, table(target.kind, gone, metadata, self._store.clock()))
        return json_response(200, encoded_list(target.kind, gone, metadata, FULL))


def _unfit_patch(patched: Any, why: str) -> StatusError:
    shown = gojson.dumps(patched).decode()
    message = f"Invalid value: {gojson.dumps(shown).decode()}: {why}"
    return invalid("", "", "", [Cause("FieldValueInvalid", message, "patch")])


def _serves(kind: Kind, route: Route) -> bool:
    if route.subresource and not (route.subresource == "status" and kind.status):
        return False
    if not kind.namespaced:
        return not route.namespace
    return bool(route.namespace) or not route.name


def _fits(call: Call, kind: Kind) -> bool:
    method, route = call.request.method, call.route
    if route.subresource:
        return method in ("GET", "PUT", "PATCH")
    if method == "POST":
        return not route.name and (bool(route.namespace) or not kind.namespaced)
    if method in ("PUT", "PATCH"):
        return bool(route.name)
    return method in ("GET", "HEAD", "DELETE")
