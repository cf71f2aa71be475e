"""The world of convergence tests: a sandbox cluster, connected, without sockets."""

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django import Settings

from egress.cluster.gateway import ClusterGateway
from egress.services import bell, gateways
from egress.services.credentials import seal
from tests import factories
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.cluster.sandboxes import sandbox_in_process
from tests.services.world import TEAM, World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty cluster in this process."""
    with sandbox_in_process() as made:
        yield made


@pytest.fixture
def world(
    db: None, sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A connected cluster with two namespaces, whose inventory is known."""
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    def dial(_: str) -> ClusterGateway:
        return sandbox.gateway

    monkeypatch.setattr(gateways, "dial", dial)
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", rung.append)
    for name in ("shop", "data"):
        labels = {"istio-injection": "enabled", "egress-portal.io/owner": TEAM}
        sandbox.namespace(name, labels)
        sandbox.account(name, "web")
    cluster = factories.cluster(
        "sandbox",
        uid=sandbox.gateway.identity().uid,
        credentials=seal("kubeconfig"),
        inventory_at=None,
    )
    cluster.refresh_from_db()
    made = World(
        cluster, sandbox, factories.admin("adam"), factories.person("dana", teams=[TEAM]), rung
    )
    made.sync()
    type(cluster).objects.filter(pk=cluster.pk).update(swept_at=timezone.now())
    yield made
    gateways.forget_gateways()
