"""A sandbox cluster in this process, and how a test fills it as its administrator."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from egress.cluster import kinds
from egress.cluster.credentials import Credentials
from egress.cluster.http_transport import HttpTransport
from egress.cluster.in_process import InProcessTransport
from egress.cluster.kube import KubeGateway
from egress.cluster.paths import collection_path, object_path
from egress.cluster.transport import Transport
from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import INLINE
from egress.sandbox.messages import Request
from egress.sandbox.server import serve
from egress.sandbox.store import Store
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users

ADMIN_TOKEN, PORTAL_TOKEN, NOBODY_TOKEN = "admin-token", "portal-token", "nobody-token"


@dataclass
class Cluster:
    """A cluster under test: `gateway` acts as the portal, `admin` as everybody else.

    `nobody` is a user without rights, where the test can have one.
    """

    gateway: KubeGateway
    admin: Transport
    nobody: KubeGateway | None = None
    settle: Callable[[], None] = lambda: None
    """Lets istiod and Kubernetes do what is left, where they do not by themselves."""

    def put(self, obj: dict[str, Any], manager: str = "tenant") -> dict[str, Any]:
        """Create an object as another person, by plain POST."""
        kind = kinds.kind_of(obj)
        path = collection_path(kind, obj["metadata"].get("namespace", ""))
        return self.call("POST", path, {"fieldManager": manager}, obj)

    def patch(
        self, obj: dict[str, Any], change: dict[str, Any], manager: str = "tenant"
    ) -> dict[str, Any]:
        """Change an object as another person, by merge patch."""
        metadata = obj["metadata"]
        path = object_path(kinds.kind_of(obj), metadata.get("namespace", ""), metadata["name"])
        content = {"Content-Type": "application/merge-patch+json"}
        return self.call("PATCH", path, {"fieldManager": manager}, change, content)

    def remove(self, obj: dict[str, Any]) -> None:
        """Delete an object as another person."""
        metadata = obj["metadata"]
        path = object_path(kinds.kind_of(obj), metadata.get("namespace", ""), metadata["name"])
        self.call("DELETE", path, {}, {"apiVersion": "v1", "kind": "DeleteOptions"})

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self.admin.request(
            method,
            path,
            query=query,
            headers=headers or {"Content-Type": "application/json"},
            body=body,
            timeout=10,
        )
        assert answer.status < 300, answer.body
        document: dict[str, Any] = json.loads(answer.body)
        return document

    def namespace(self, name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
        """Create a namespace."""
        metadata = {"name": name, "labels": labels or {}}
        return self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def account(self, namespace: str, name: str) -> dict[str, Any]:
        """Create a service account."""
        metadata = {"name": name, "namespace": namespace}
        return self.put({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


@contextmanager
def sandbox_in_process(controllers: str = INLINE) -> Iterator[Cluster]:
    """Run an empty cluster without sockets."""
    store, api = _api(controllers)

    def transport(token: str) -> InProcessTransport:
        return InProcessTransport(api.handle, Request.of, token=token)

    cluster = Cluster(
        KubeGateway(transport(PORTAL_TOKEN), timeout=10),
        transport(ADMIN_TOKEN),
        KubeGateway(transport(NOBODY_TOKEN), timeout=10),
        api.settle,
    )
    try:
        yield cluster
    finally:
        store.close()


@contextmanager
def sandbox_over_http() -> Iterator[Cluster]:
    """Run an empty cluster behind a real socket."""
    store, api = _api()
    with serve(api) as server:
        transports = [
            HttpTransport(
                Credentials(server=server.url, context="sandbox", method="token", token=token)
            )
            for token in (PORTAL_TOKEN, ADMIN_TOKEN, NOBODY_TOKEN)
        ]
        portal, admin, nobody = transports
        try:
            yield Cluster(KubeGateway(portal, timeout=10), admin, KubeGateway(nobody, timeout=10))
        finally:
            for transport in transports:
                transport.close()
    store.close()


def _api(controllers: str = INLINE) -> tuple[Store, SandboxApi]:
    store = Store(None)
    install(store)
    users = Users({ADMIN_TOKEN: ADMIN, PORTAL_TOKEN: PORTAL, NOBODY_TOKEN: NOBODY})
    return store, SandboxApi(store, users, controllers=controllers)
