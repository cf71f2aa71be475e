"""The Kubernetes API without sockets: a request goes in, an answer comes out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from egress.sandbox import discovery, rbac, reviews
from egress.sandbox.bodies import decoded
from egress.sandbox.controllers import INLINE, Controllers
from egress.sandbox.errors import (
    StatusError,
    forbidden,
    forbidden_path,
    method_not_allowed,
)
from egress.sandbox.forms import wanted_form, wants_aggregated
from egress.sandbox.messages import (
    Request,
    Response,
    error_response,
    json_response,
    text_response,
)
from egress.sandbox.options import agent_name
from egress.sandbox.reading import first, number
from egress.sandbox.resources import Call, Resources
from egress.sandbox.routes import Route, parse
from egress.sandbox.store import Store
from egress.sandbox.users import Access, User, Users

log = logging.getLogger("egress.sandbox")
_HEALTH = ("/healthz", "/livez", "/readyz")
Query = Mapping[str, list[str]]


class SandboxApi:
    """Answers requests over a store for the given users.

    `controllers` says when istiod's and Kubernetes' own follow-up work is done: `inline` right
    after each write (the default), `manual` by `settle()`; the server works in the background.
    """

    def __init__(self, store: Store, users: Users, *, controllers: str = INLINE) -> None:
        self.store = store
        self.users = users
        self.controllers = Controllers(store, controllers)
        self._resources = Resources(store)
        self.controllers.after_write()

    def settle(self) -> None:
        """Do all follow-up work that earlier writes left."""
        self.controllers.settle()

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises: what goes wrong is a Status of 500."""
        try:
            return self._answer(request)
        except StatusError as error:
            return error_response(error)
        except Exception as error:
            log.exception("A request could not be answered.", exc_info=error)
            message = f"Internal error occurred: {type(error).__name__}"
            causes = {"causes": [{"message": type(error).__name__}]}
            return error_response(StatusError(500, "InternalError", message, causes))

    def _answer(self, request: Request) -> Response:
        user = self.users.authenticate(request.header("Authorization"))
        query = request.parameters()
        route = parse(request.path)
        if route is None or not route.plural:
            self._allow_path(user, request)
            return self._document(request, query, route)
        watches = first(query, "watch") in ("1", "true", "True", "t")
        verb = route.verb(request.method, watches=watches)
        self._allow(user, route, verb)
        review = reviews.REVIEWS.get((route.group, route.plural))
        if review is not None and route.version == "v1":
            return self._review(review, request, user)
        call = Call(request, query, route, verb, user)
        response = self._resources.answer(call)
        if request.method != "GET":
            self.controllers.after_write()
        return response

    def _allow(self, user: User, route: Route, verb: str) -> None:
        access = Access(
            verb,
            route.group,
            route.plural,
            route.subresource,
            _namespace_asked(route),
            route.name,
        )
        if user.may(access):
            return
        where = (
            f'in the namespace "{access.namespace}"' if access.namespace else "at the cluster scope"
        )
        resource = f"{route.plural}/{route.subresource}" if route.subresource else route.plural
        raise forbidden(
            route.group,
            route.plural,
            route.name,
            f'User "{user.name}" cannot {verb} resource "{resource}" '
            f'in API group "{route.group}" {where}',
        )

    def _allow_path(self, user: User, request: Request) -> None:
        verb = {"GET": "get", "HEAD": "get"}.get(request.method, request.method.lower())
        if not user.may(Access(verb, path=request.path)):
            raise forbidden_path(user.name, verb, request.path)

    def _document(self, request: Request, query: Query, route: Route | None) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        path, accept = request.path.rstrip("/"), request.header("Accept")
        if route is not None:
            found = discovery.resources(route.group, route.version)
            return _found(found)
        if path in ("/api", "/apis"):
            if wants_aggregated(accept):
                body = discovery.aggregated(core=path == "/api")
                return json_response(200, body, content_type=discovery.AGGREGATED)
            return json_response(
                200, discovery.core_versions() if path == "/api" else discovery.groups()
            )
        if path.startswith("/apis/"):
            return _found(discovery.group(path.removeprefix("/apis/")))
        if path.startswith("/openapi/"):
            return _openapi(path, accept)
        if path == "/version":
            return json_response(200, discovery.VERSION)
        if path in _HEALTH:
            return text_response(200, "ok")
        if path == "/sandbox/ledger":
            return self._ledger(query)
        return _found(None)

    def _ledger(self, query: Query) -> Response:
        after, limit = number(query, "after"), number(query, "limit")
        entries = self.store.ledger.entries(after=after, limit=limit)
        body = {
            "resourceVersion": str(self.store.version),
            "entries": [entry.as_json() for entry in entries],
        }
        return json_response(200, body)

    def _review(self, kind: str, request: Request, user: User) -> Response:
        if request.method != "POST":
            raise method_not_allowed()
        wanted_form(request.header("Accept"))
        body = decoded(request, kind)
        answered = reviews.answer(
            kind,
            body,
            user,
            self.users,
            partial(rbac.judge, self.store),
            manager=first(request.parameters(), "fieldManager")
            or agent_name(request.header("User-Agent")),
            now=self.store.now(),
        )
        return json_response(201, answered)


def _namespace_asked(route: Route) -> str:
    # A namespace is asked for inside itself, as the server sees it.
    return route.name if route.plural == "namespaces" and not route.group else route.namespace


def _found(body: dict[str, Any] | None) -> Response:
    return text_response(404, "404 page not found\n") if body is None else json_response(200, body)


def _openapi(path: str, accept: str) -> Response:
    if path == "/openapi/v2":
        as_protobuf = discovery.OPENAPI_V2_PROTOBUF in accept
        content_type = discovery.OPENAPI_V2_PROTOBUF if as_protobuf else "application/json"
        body = discovery.openapi_v2(as_protobuf=as_protobuf)
        return json_response(200, body, content_type=content_type)
    documents: Callable[[str], bytes | None] = discovery.openapi_document
    if path == "/openapi/v3":
        return json_response(200, discovery.openapi_paths())
    found = documents(path.removeprefix("/openapi/v3/"))
    return _found(None) if found is None else json_response(200, found)
