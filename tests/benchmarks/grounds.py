"""The cluster that is measured: a sandbox in a process of its own, or any by its kubeconfig."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from egress.cluster import kinds
from egress.cluster.gateway import Kind, KubeObject
from egress.cluster.http_transport import HttpTransport, Limits
from egress.cluster.kubeconfig import read_kubeconfig
from egress.cluster.paths import collection_path, object_path
from egress.sandbox import demo_mesh
from tests.benchmarks.known import TOKENS, ending_with_us

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
ISTIO_VERSION = "1.29.0"
PREFIX = "bench-"
"""What the names of all namespaces of the benchmark begin with: nothing else is ever touched."""
EGRESS = f"{PREFIX}egress"
_APPLY = {"Content-Type": "application/apply-patch+yaml"}
_JSON = {"Content-Type": "application/json"}
WRITTEN_KINDS = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
    kinds.SIDECAR,
)


class Grounds:
    """A cluster to measure on. `portal` and `admin` are paths of kubeconfig files."""

    def __init__(self, portal: Path, admin: Path, sandbox: "subprocess.Popen[str] | None") -> None:
        self.portal, self.admin = portal, admin
        self._sandbox = sandbox
        self.transport = HttpTransport(
            read_kubeconfig(admin.read_text()), Limits(pool_size=CONNECTIONS)
        )

    @property
    def is_sandbox(self) -> bool:
        """Whether latency can be set and requests are counted by the server."""
        return self._sandbox is not None

    def set_latency(self, milliseconds: float) -> None:
        """Add so much to every answer of the sandbox."""
        self._tell(f"latency {milliseconds / 1000}")

    def count(self) -> dict[str, int]:
        """Return the requests since the last call by verb, empty where nobody counts.

        Dry runs and reviews count as `trial`: they change nothing.
        """
        seen: dict[str, int] = self._tell("count") if self.is_sandbox else {}
        return seen

    def _tell(self, command: str) -> Any:
        assert self._sandbox is not None
        assert self._sandbox.stdin is not None
        assert self._sandbox.stdout is not None
        self._sandbox.stdin.write(f"{command}\n")
        self._sandbox.stdin.flush()
        return json.loads(self._sandbox.stdout.readline())

    def call(
        self, method: str, path: str, body: object = None, query: dict[str, str] | None = None
    ) -> Any:
        """Make one call as the admin. Raises AssertionError unless it succeeds or is there."""
        headers = _APPLY if method == "PATCH" else _JSON if body is not None else {}
        answer = self.transport.request(
            method, path, query=query or {}, headers=headers, body=body, timeout=60
        )
        assert answer.status < 300 or answer.status in (404, 409), answer.body[:500]
        return json.loads(answer.body) if answer.body else None

    def apply(self, obj: KubeObject, manager: str = "bench") -> None:
        """Apply an object as the admin."""
        metadata = obj["metadata"]
        path = object_path(kinds.kind_of(obj), metadata.get("namespace", ""), metadata["name"])
        self.call("PATCH", path, obj, {"fieldManager": manager, "force": "true"})

    def in_parallel(self, calls: Iterable[Sequence[Any]]) -> None:
        """Make many calls over several connections."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for done in [pool.submit(self.call, *one) for one in calls]:
                done.result()

    def make_namespaces(self, names: Iterable[str]) -> None:
        """Make namespaces that take part in the mesh, each with its default account."""
        wanted = list(names)
        labels = {"istio-injection": "enabled", "egress-portal.io/owner": "team-bench"}
        place = collection_path(kinds.NAMESPACE)
        self.in_parallel(
            ("POST", place, {"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
            for name in wanted
        )
        self.in_parallel(
            (
                "POST",
                collection_path(kinds.SERVICE_ACCOUNT, name),
                {"kind": "ServiceAccount", "metadata": {"name": "default"}},
            )
            for name in wanted
        )

    def make_mesh(self) -> None:
        """Let a sandbox have an istiod to look at: without one, nothing may be opened."""
        place = "istio-system"
        self.make_namespaces([place])
        parts = (
            (kinds.DEPLOYMENT, demo_mesh.istiod(ISTIO_VERSION)),
            (kinds.CONFIG_MAP, demo_mesh.mesh_config()),
        )
        for kind, content in parts:
            body = {"apiVersion": kind.api_version, "kind": kind.kind, **content}
            body["metadata"] = {**content["metadata"], "namespace": place}
            self.call("POST", collection_path(kind, place), body)

    def has_istiod(self) -> bool:
        """Tell whether a mesh can be seen in the cluster."""
        path = object_path(kinds.DEPLOYMENT, "istio-system", "istiod")
        return bool(self.call("GET", path).get("kind") == "Deployment")

    def listed(self, kind: Kind) -> list[KubeObject]:
        """Return all objects of a kind."""
        found: list[KubeObject] = self.call("GET", collection_path(kind))["items"]
        return found

    def clear(self) -> None:
        """Delete whatever of the written kinds lies in namespaces of the benchmark."""
        for kind in WRITTEN_KINDS:
            objects = [obj["metadata"] for obj in self.listed(kind)]
            self.in_parallel(
                ("DELETE", object_path(kind, one["namespace"], one["name"]))
                for one in objects
                if one["namespace"].startswith(PREFIX)
            )

    def install_crds(self, text: str) -> None:
        """Apply custom resource definitions from YAML."""
        for document in yaml.safe_load_all(text):
            if document:
                path = f"/apis/{document['apiVersion']}/customresourcedefinitions"
                name = document["metadata"]["name"]
                query = {"fieldManager": "bench", "force": "true"}
                self.call("PATCH", f"{path}/{name}", document, query)


def bare_seconds(grounds: Grounds, objects: Sequence[KubeObject]) -> float:
    """Return how long several connections take to PATCH `objects` with nothing around it.

    This is as fast as the sandbox goes for a client on this machine; bodies are made before.
    """
    text = grounds.admin.read_text()
    server = urlsplit(yaml.safe_load(text)["clusters"][0]["cluster"]["server"])
    headers = {**_APPLY, "Authorization": f"Bearer {TOKENS['admin']}"}
    requests = [
        (
            object_path(kinds.kind_of(o), o["metadata"]["namespace"], o["metadata"]["name"])
            + "?fieldManager=bench&force=true",
            json.dumps(o),
        )
        for o in objects
    ]

    def send(share: Sequence[tuple[str, str]]) -> None:
        connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=60)
        for path, body in share:
            connection.request("PATCH", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 201), answer.status
        connection.close()

    began = time.perf_counter()
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, shares))
    return time.perf_counter() - began


def _kubeconfig(url: str, token: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
            "users": [{"name": "bench", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "bench"}}],
            "current-context": "sandbox",
        }
    )


@contextmanager
def grounds_for(folder: Path, kubeconfig: str = "") -> Iterator[Grounds]:
    """Yield the cluster of `kubeconfig`, or a fresh sandbox when it is empty."""
    if kubeconfig:
        given = Path(kubeconfig)
        grounds = Grounds(given, given, None)
        try:
            yield grounds
        finally:
            grounds.transport.close()
        return
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.sandbox_process"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=ending_with_us(),
    ) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        paths = []
        for who in ("portal", "admin"):
            path = folder / f"{who}.kubeconfig"
            path.write_text(_kubeconfig(url, TOKENS[who]))
            path.chmod(0o600)
            paths.append(path)
        grounds = Grounds(paths[0], paths[1], child)
        try:
            yield grounds
        finally:
            grounds.transport.close()
            assert child.stdin is not None
            child.stdin.close()
            child.wait(20)
