"""The clusters that the contract is checked on."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from egress.cluster import kinds
from egress.cluster.http_transport import HttpTransport
from egress.cluster.kube import KubeGateway
from egress.cluster.kubeconfig import read_kubeconfig
from tests.cluster.sandboxes import Cluster, sandbox_in_process, sandbox_over_http
from tests.real import assets
from tests.real import cluster as api_server


@contextmanager
def real_cluster() -> Iterator[Cluster]:
    """Connect as administrator to the cluster of EGRESS_TEST_KUBECONFIG, or start an API server."""
    path = os.environ.get("EGRESS_TEST_KUBECONFIG", "")
    if path:
        yield from _connected(Path(path))
        return
    if not assets.are_there():
        pytest.skip("Needs an API server: make real builds one, EGRESS_TEST_KUBECONFIG names one.")
    with tempfile.TemporaryDirectory() as folder, api_server.real_cluster(Path(folder)) as made:
        yield from _connected(made.kubeconfig)


def _connected(path: Path) -> Iterator[Cluster]:
    text = path.read_text(encoding="utf-8")
    transport = HttpTransport(read_kubeconfig(text, allow_files=True))
    gateway = KubeGateway(transport)
    try:
        yield Cluster(gateway, transport, None)
    finally:
        transport.close()


CLUSTERS = {
    "in process": sandbox_in_process,
    "over HTTP": sandbox_over_http,
    "real": real_cluster,
}


@pytest.fixture(scope="module", params=CLUSTERS)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with CLUSTERS[request.param]() as running:
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """Make a namespace for one test, and remove it afterwards."""
    name = f"egress-contract-{uuid.uuid4().hex[:10]}"
    made = cluster.namespace(name)
    yield name
    if cluster.gateway.get(kinds.NAMESPACE, "", name) is not None:
        cluster.remove(made)
