"""A cluster that says itself who may deploy where, and one that lies about it or keeps silent."""

import json
from collections.abc import Callable
from typing import Any

from egress.cluster.kube import KubeGateway
from egress.cluster.transport import Answer, Stream, Transport
from egress.models import Cluster
from egress.services import gateways
from tests.services.connected import Connected

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
Reply = Callable[[dict[str, Any]], Answer]


def by_review(mesh: Connected, **settings: Any) -> None:
    """Let only reviews tell who owns the cluster's namespaces, unless `settings` say more."""
    values = {"owner_by_admin": False, "owner_by_label": False, "owner_by_review": True}
    Cluster.objects.filter(pk=mesh.cluster.pk).update(**{**values, **settings})
    mesh.cluster.namespaces.update(owner_label="")
    mesh.cluster.refresh_from_db()


def bind(mesh: Connected, name: str, namespace: str = "shop", kind: str = "User") -> dict[str, Any]:
    """Let somebody deploy in a namespace of the cluster; return the binding."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"deploys-{name.partition(':')[2] or name}", "namespace": namespace},
        "subjects": [{"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "deployer",
        },
    }
    return mesh.company.cluster.put(binding)


class Lying:
    """A transport that answers reviews of others by `reply`, and keeps what was asked."""

    def __init__(self, inner: Transport, reply: Reply | None = None) -> None:
        self.inner = inner
        self.reply = reply
        self.asked: list[dict[str, Any]] = []

    def request(self, method: str, path: str, **sent: Any) -> Answer:
        """Answer a review as told to; hand everything else on."""
        if path != REVIEWS:
            return self.inner.request(method, path, **sent)
        self.asked.append(sent["body"]["spec"])
        return self.reply(sent) if self.reply else self.inner.request(method, path, **sent)

    def stream(self, path: str, **sent: Any) -> Stream:
        """Hand a watch on."""
        return self.inner.stream(path, **sent)

    def close(self) -> None:
        """Keep the connection: the cluster is the test's."""


def lie(mesh: Connected, reply: Reply | None = None) -> Lying:
    """Put a transport between the portal and the cluster from now on."""
    lying = Lying(mesh.company.cluster.gateway._calls._transport, reply)
    mesh.answers = KubeGateway(lying, timeout=10)
    gateways.forget_gateways()
    return lying


def says(status: object, code: int = 201) -> Reply:
    """Return the reply of a review with this status."""
    body = {"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    raw = json.dumps(body | {"metadata": {}, "status": status}).encode()
    return lambda _: Answer(code, {"content-type": "application/json"}, raw)
