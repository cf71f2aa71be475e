"""One set of grants under every enforcement, and ways to look at what it gives."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from egress.domain.access import Access, ClusterProfile, Destination, Enforcement, Protocol
from egress.domain.naming import CLIENT_LABEL
from egress.domain.objects import KubeObject
from egress.domain.posture import MeshState, Read, Row, Snapshot, evaluate
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to
from tests.domain.manifests.check.written import changed, refusal

Broken = list[tuple[str, str, Any, str]]
"""Objects typed by hand with one change each, and words of the refusal."""

HOST = "api.example.com"
GATEWAY = replace(CLUSTER, enforcement=Enforcement.GATEWAY)
CENTRAL = replace(CLUSTER, central_entries=True)
AMBIENT = replace(CLUSTER, enforcement=Enforcement.AMBIENT)
ORIGINATED = to(HOST, 80, Protocol.HTTP, origination=True)
DATABASE = to("db.example.net", 5432, Protocol.TCP)
FIXED = Destination("db.example.net", 5432, Protocol.TCP, addresses=("203.0.113.13",))
RANGE = Destination("203.0.113.0/24", 5432, Protocol.TCP)
GRANTS = [
    grant(ORIGINATED),
    grant(to(HOST, 8080, Protocol.HTTP)),
    grant(to(HOST, 443)),
    grant(to(HOST, 443), "otherns"),
    grant(DATABASE, "otherns"),
]


def rendered(cluster: ClusterProfile, grants: Iterable[Access] = GRANTS) -> list[KubeObject]:
    """What grants of two namespaces under default deny give."""
    closed = inventory(*(namespace(n, default_deny=True) for n in ("default", "otherns")))
    return render(cluster, closed, grants)


def every_mesh() -> list[KubeObject]:
    """The objects of the same grants under every enforcement."""
    one_port = [grant(to(HOST, 443)), grant(DATABASE, "otherns")]
    meshes = [(CLUSTER, GRANTS), (GATEWAY, GRANTS), (AMBIENT, GRANTS), (CENTRAL, one_port)]
    return [obj for cluster, grants in meshes for obj in rendered(cluster, grants)]


def of(objects: Iterable[KubeObject], kind: str, ending: str = "") -> list[KubeObject]:
    """The objects of a kind whose names have this ending."""
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(ending)]
    assert found, f"no {kind} {ending}"
    return found


def spec(objects: Iterable[KubeObject], kind: str, ending: str) -> Any:
    """The spec of the one object of a kind with this ending."""
    (found,) = of(objects, kind, ending)
    return found["spec"]


def posture(read: Read, foreign: KubeObject, cluster: ClusterProfile = CLUSTER) -> list[Row]:
    """What the posture says when one foreign object is there beside a wish for HOST."""
    seen = Snapshot(mesh=MeshState(istio_version="1.31.0"), objects={read: (foreign,)})
    wished = {HOST: ["default"], "db.example.net": ["default"]}
    known = inventory(namespace("default", default_deny=True))
    return evaluate(seen, cluster, known, ours=(), hosts=wished, namespaces=["default"])


def foreign(kind: str, **body: Any) -> KubeObject:
    """An object of a tenant in namespace `default`."""
    metadata = {"name": "theirs", "namespace": "default", "uid": "theirs-uid"}
    api = "networking.istio.io/v1"
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": body}


def client_rules(cluster: ClusterProfile = GATEWAY) -> list[KubeObject]:
    """The rules by which client namespaces reach the gateway."""
    return [o for o in rendered(cluster) if CLIENT_LABEL in o["metadata"]["labels"]]


def listed(cluster: ClusterProfile, grants: list[Access]) -> list[list[str]]:
    """The identities of every door."""
    servers = spec(rendered(cluster, grants), "Gateway", "")["servers"]
    return [server["tls"]["subjectAltNames"] for server in servers]


def assert_refused(broken: Broken) -> None:
    """Each object with its one change is refused, and the words are among the reasons."""
    for name, path, value, words in broken:
        assert words in refusal(changed(name, path, value)), (name, path, value)
