"""Short ways to call a sandbox in tests, in process or over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import INLINE
from egress.sandbox.messages import Request
from egress.sandbox.server import SandboxServer, serve
from egress.sandbox.store import Store
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users

ADMIN_TOKEN = "token-of-admin"
PORTAL_TOKEN = "token-of-portal"
NOBODY_TOKEN = "token-of-nobody"
USERS = Users({ADMIN_TOKEN: ADMIN, PORTAL_TOKEN: PORTAL, NOBODY_TOKEN: NOBODY})
ENTRIES = "/apis/networking.istio.io/v1/namespaces/default/serviceentries"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Reply:
    """An answer as tests look at it: `body` is parsed when it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def version(self) -> int:
        """Return the resourceVersion of the object."""
        return int(self.body["metadata"]["resourceVersion"])

    @property
    def managers(self) -> list[tuple[str, str, str]]:
        """Return name, operation and subresource of every manager of the object."""
        entries = self.body["metadata"].get("managedFields", [])
        return [(e["manager"], e["operation"], e.get("subresource", "")) for e in entries]


Call = Callable[..., Reply]


def parsed(content: bytes) -> Any:
    """Return JSON as objects, a stream of JSON lines as a list, other text as text."""
    text = content.decode()
    try:
        return json.loads(text)
    except ValueError:
        lines = text.splitlines()
        if lines and all(line.startswith("{") for line in lines):
            return [json.loads(line) for line in lines]
        return text


def encoded(body: Any) -> bytes:
    """Return a body as it is sent."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _headers(token: str | None, content_type: str, accept: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if content_type:
        headers["Content-Type"] = content_type
    if accept:
        headers["Accept"] = accept
    return headers


def in_process(api: SandboxApi) -> Call:
    """Return a function that calls the API in process."""

    def call(
        method: str,
        target: str,
        body: Any = None,
        content_type: str = "application/json",
        token: str | None = ADMIN_TOKEN,
        accept: str = "",
    ) -> Reply:
        headers = _headers(token, content_type, accept)
        request = Request.of(method, target, headers=headers, body=encoded(body))
        response = api.handle(request)
        content = response.body
        if not isinstance(content, bytes):
            content = b"".join(content)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, names, parsed(content))

    return call


def over_http(server: SandboxServer) -> Call:
    """Return a function that calls a served sandbox, each time on a connection of its own."""

    def call(
        method: str,
        target: str,
        body: Any = None,
        content_type: str = "application/json",
        token: str | None = ADMIN_TOKEN,
        accept: str = "",
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        try:
            headers = _headers(token, content_type, accept)
            connection.request(method, target, encoded(body), headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, parsed(response.read()))
        finally:
            connection.close()

    return call


def a_store(**options: Any) -> Store:
    """Return a store with the system namespaces."""
    store = Store(**options)
    install(store)
    return store


def an_api(store: Store | None = None, controllers: str = INLINE) -> SandboxApi:
    """Return an API over a store (a fresh one when none is given)."""
    return SandboxApi(store or a_store(), USERS, controllers=controllers)


@contextmanager
def served(api: SandboxApi, **options: Any) -> Iterator[SandboxServer]:
    """Serve an API on any free port for the length of a block."""
    server = serve(api, "127.0.0.1", 0, **options)
    try:
        yield server
    finally:
        server.stop()
        api.store.close()


def entry(name: str = "one", **spec: Any) -> dict[str, Any]:
    """Return a ServiceEntry in `default`."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "hosts": ["a.example.com"],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
            **spec,
        },
    }


def service(name: str = "db", **spec: Any) -> dict[str, Any]:
    """Return a Service in `default`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"name": "tcp", "port": 5432}], **spec},
    }


def apply(
    call: Call, body: dict[str, Any], manager: str = "egress-portal", force: bool = False
) -> Reply:
    """Apply a ServiceEntry or a Service server-side."""
    name = body["metadata"]["name"]
    path = ENTRIES if body["kind"] == "ServiceEntry" else "/api/v1/namespaces/default/services"
    target = f"{path}/{name}?fieldManager={manager}" + ("&force=true" if force else "")
    return call("PATCH", target, body, APPLY)


def wait_until(what: str, holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds. Raises AssertionError when it does not in time."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"It did not happen in {seconds} s: {what}."
        pause.wait(0.02)
