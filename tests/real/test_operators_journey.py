"""An operator prepares a real API server, with its own access control and admission in force."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import transaction
from pytest_django import Settings

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Grant, Namespace, Priority, Slice
from egress.services import convergence, gateways, outbox
from egress.services.grants import revoke
from tests import factories
from tests.real import assets
from tests.real.cluster import CRDS, RealCluster, real_cluster

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real,
    pytest.mark.skipif(
        not (assets.are_there() and CRDS.exists()),
        reason="Needs kube-apiserver and etcd: make real builds them",
    ),
]

COMPANY = """
apiVersion: v1
kind: Namespace
metadata: {name: istio-system}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, egress-portal.io/owner: team-shop}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod, namespace: istio-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    trustDomain: cluster.local
    outboundTrafficPolicy: {mode: REGISTRY_ONLY}
    defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod, istio.io/rev: default}}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "istio/pilot:1.27.0"}]}
"""
SMUGGLED = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: smuggled, namespace: shop}
spec:
  hosts: [elsewhere.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """A cluster with a mesh and a shop, and the portal's account as `rights` prints it."""
    with real_cluster(tmp_path_factory.mktemp("real")) as cluster:
        cluster.apply(COMPANY)
        yield cluster


@pytest.fixture
def connected(
    real: RealCluster, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cluster]:
    """The cluster, connected by the portal's own account and prepared by its operator."""
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    call_command("rights", enforcement=["gateway"])
    real.apply(capsys.readouterr().out, manager="egress-portal-bootstrap")
    own = real.kubeconfig_of("egress-portal", "egress-portal")
    call_command("connect", "real", kubeconfig=str(own))
    call_command("bootstrap", "real", kubeconfig=str(real.kubeconfig), enforce=True)
    yield Cluster.objects.get(name="real")
    gateways.forget_gateways()


def grant(cluster: Cluster, host: str) -> Grant:
    """Return a grant for the shop that was approved just now."""
    with transaction.atomic():
        made = factories.grant(
            Namespace.objects.get(cluster=cluster, name="shop"),
            factories.person("dana"),
            host,
            443,
            "TLS",
            status=GrantStatus.PENDING,
        )
        outbox.mark_grants(
            cluster=cluster, grants=[made], priority=Priority.GRANT, cause="approved"
        )
    return made


def names_of(real: RealCluster, plural: str) -> set[str]:
    """Return the objects of a kind in the egress namespace."""
    done = real.kubectl("get", plural, "-n", "istio-egress", "-o", "name")
    assert done.returncode == 0, done.stderr
    return {line.rpartition("/")[2] for line in done.stdout.split()}


class TestBootstrap:
    def test_what_rights_prints_is_what_bootstrap_wants(
        self, real: RealCluster, connected: Cluster, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        call_command("bootstrap", "real", kubeconfig=str(real.kubeconfig))
        lines = capsys.readouterr().out.splitlines()
        laid = [line.split()[0] for line in lines if line.startswith((" ", "unchanged"))]
        assert laid
        assert set(laid) == {"unchanged"}

    def test_the_portal_may_do_what_it_needs_and_nothing_else(
        self, real: RealCluster, connected: Cluster
    ) -> None:
        own = str(real.folder / "egress-portal-egress-portal.kubeconfig")
        for question, answer in (
            (("create", "serviceentries", "-n", "istio-egress"), "yes"),
            (("create", "serviceentries", "-n", "shop"), "no"),
            (("get", "secrets", "-n", "shop"), "no"),
            (("delete", "namespaces"), "no"),
        ):
            asked = real.kubectl("--kubeconfig", own, "auth", "can-i", *question)
            assert asked.stdout.strip() == answer, question


class TestAdmission:
    def test_nobody_else_opens_a_way_out_not_even_with_all_rights(
        self, real: RealCluster, connected: Cluster, tmp_path: Path
    ) -> None:
        real.kubectl("create", "serviceaccount", "mallory", "-n", "shop")
        real.kubectl(
            "create", "clusterrolebinding", "mallory",
            "--clusterrole=cluster-admin", "--serviceaccount=shop:mallory",
        )  # fmt: skip
        other = real.kubeconfig_of("shop", "mallory")
        done = real.kubectl(
            "--kubeconfig", str(other), "apply", "--server-side", "-f", "-", text=SMUGGLED
        )
        assert done.returncode != 0
        assert "requested through the egress portal" in done.stderr


class TestDelivery:
    def test_a_grant_is_applied_healed_and_revoked(
        self, real: RealCluster, connected: Cluster
    ) -> None:
        made = grant(connected, "api.stripe.com")
        convergence.converge(worker="w")
        made.refresh_from_db()
        assert made.status == "active", list(Slice.objects.values("key", "problem"))
        doors = {name for name in names_of(real, "gateways.networking.istio.io") if "p443" in name}
        assert len(doors) == 1

        real.kubectl("delete", "gateways.networking.istio.io", "-n", "istio-egress", *doors)
        assert convergence.full_sweep(connected) == 1
        convergence.converge(worker="w")
        assert doors <= names_of(real, "gateways.networking.istio.io")
        assert convergence.full_sweep(connected) == 0

        revoke(grant=made, actor=factories.actor(factories.admin()), reason="over")
        convergence.converge(worker="w")
        made.refresh_from_db()
        assert made.confirmed_at is not None
        assert not doors & names_of(real, "gateways.networking.istio.io")
        assert not [name for name in names_of(real, "serviceentries") if "stripe" in name]
