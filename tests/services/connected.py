"""The demo company's cluster as one that is connected: services reach it as in real life."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import read_inventory
from egress.models import Cluster, Namespace
from egress.services import gateways, inventory
from egress.services.credentials import seal
from tests import factories
from tests.cluster.company import Company, company_in_process

GRANTED = "api.example.com"


class Connected:
    """The company's cluster, and the portal's row of it."""

    def __init__(self, company: Company, cluster: Cluster) -> None:
        self.company = company
        self.cluster = cluster
        self.answers: ClusterGateway = company.cluster.gateway
        """What the portal reaches when it connects; tests put slower ones here."""

    def namespace(self, name: str = "shop") -> Namespace:
        """Return a namespace as it is now."""
        return Namespace.objects.get(cluster=self.cluster, name=name, gone_at=None)

    def squat(self, host: str = GRANTED, namespace: str = "data") -> None:
        """Let somebody else write an entry for a host that all namespaces see."""
        spec = {
            "hosts": [host],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "exportTo": ["*"],
            "ports": [{"number": 443, "name": "p", "protocol": "TLS"}],
        }
        self.company.plant("ServiceEntry", namespace, "squatter", spec=spec)


@contextmanager
def company_connected(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    """Connect the company's cluster under gateway enforcement, its inventory known."""
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with company_in_process() as company:
        settings.INSTALLATION = company.profile.installation
        cluster = factories.cluster(
            "company",
            uid=company.cluster.gateway.identity().uid,
            enforcement="gateway",
            credentials=seal("kubeconfig"),
            mesh={"dns_capture": True},
        )
        snapshot = read_inventory(company.cluster.gateway)
        inventory.sync(cluster=cluster, snapshot=snapshot, now=timezone.now())
        cluster.refresh_from_db()
        made = Connected(company, cluster)
        monkeypatch.setattr(gateways, "dial", lambda _: made.answers)
        yield made
        gateways.forget_gateways()
