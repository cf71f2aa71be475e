"""One write: what was seen a moment ago counts for a moment only."""

from collections.abc import Callable
from typing import Any

import pytest

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.kube import KubeGateway
from egress.cluster.naming import key_of
from egress.cluster.ownership import INSTALLATION_LABEL, owner_labels
from egress.cluster.transport import Answer, Transport
from egress.domain import objects
from egress.domain.order import Direction, Step, Verb
from egress.services.convergence.sending import send
from tests.cluster.sandboxes import Cluster, sandbox_in_process

ENTRY: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "ServiceEntry",
    "metadata": {"name": "api", "namespace": "shop", "labels": owner_labels("ours")},
    "spec": {
        "hosts": ["api.example.com"],
        "exportTo": ["."],
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
    },
}
BUSY = Answer(429, {"retry-after": "0"}, b'{"kind": "Status", "message": "slow down"}')


class BusyOnce:
    """A transport whose server refuses the first write, and on which something happens then."""

    def __init__(self, transport: Transport, happens: Callable[[], object]) -> None:
        self._transport = transport
        self._happens = [happens]
        self.asked: list[str] = []

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """Answer as the server does, but for the first write."""
        self.asked.append(method)
        if method == "PATCH" and self._happens:
            self._happens.pop()()
            return BUSY
        return self._transport.request(method, path, **more)


def over(cluster: Cluster, happens: Callable[[], object]) -> tuple[KubeGateway, list[str]]:
    transport: Any = BusyOnce(cluster.admin, happens)
    return KubeGateway(transport, timeout=10), transport.asked


STEP = Step(Verb.CREATE, objects.key_of(ENTRY), Direction.IN, ENTRY)


def test_a_name_is_looked_at_again_when_the_write_had_to_wait_too_long() -> None:
    labels = owner_labels("ours") | {INSTALLATION_LABEL: "another"}
    theirs = {**ENTRY, "metadata": {**ENTRY["metadata"], "labels": labels}}
    is_new = [True]
    with sandbox_in_process() as cluster:
        cluster.namespace("shop")

        def meanwhile() -> None:
            KubeGateway(cluster.admin, timeout=10).create(theirs)
            is_new.clear()

        gateway, _ = over(cluster, meanwhile)
        with pytest.raises(ClusterError) as caught:
            send(gateway, STEP, looked=lambda: bool(is_new), check=lambda: None)
        assert caught.value.fault is Fault.CONFLICT
        found = cluster.gateway.get(*key_of(ENTRY))
        assert found is not None
        assert found["metadata"]["labels"] == labels


def test_a_name_that_was_seen_to_be_free_a_moment_ago_is_not_looked_at() -> None:
    with sandbox_in_process() as cluster:
        cluster.namespace("shop")
        gateway, asked = over(cluster, lambda: None)
        assert send(gateway, STEP, looked=lambda: True, check=lambda: None) is not None
        assert asked == ["PATCH", "PATCH"]


def test_without_a_look_the_name_is_looked_at() -> None:
    with sandbox_in_process() as cluster:
        cluster.namespace("shop")
        gateway, asked = over(cluster, lambda: None)
        assert send(gateway, STEP, looked=lambda: False, check=lambda: None) is not None
        assert asked == ["GET", "PATCH", "PATCH"]
