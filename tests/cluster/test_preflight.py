"""A cluster is checked before it is used, and each fault comes with its fix."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterIdentity, Kind
from egress.cluster.preflight import Check, Level, check_connection
from egress.domain.access import Enforcement
from tests.cluster.istio import install_istio
from tests.cluster.sandboxes import Cluster, sandbox_in_process


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with sandbox_in_process() as running:
        yield running


def blocks(checks: list[Check]) -> set[str]:
    return {check.id for check in checks if check.level is Level.BLOCK}


def test_a_good_cluster_passes_every_check(cluster: Cluster) -> None:
    install_istio(cluster)
    checks = check_connection(cluster.gateway, Enforcement.SIDECAR)
    assert {check.level for check in checks} == {Level.OK}, checks
    assert [check.id for check in checks] == [
        "Identity",
        "KubernetesVersion",
        "KindsServed",
        "Rights",
        "IstioVersion",
        "TrustDomain",
        "RootNamespace",
    ]


@pytest.mark.parametrize("enforcement", Enforcement)
def test_the_shipped_role_is_enough_for_each_enforcement(
    cluster: Cluster, enforcement: Enforcement
) -> None:
    install_istio(cluster)
    assert blocks(check_connection(cluster.gateway, enforcement)) == set()


def test_a_user_without_rights_is_told_which_are_missing(cluster: Cluster) -> None:
    install_istio(cluster)
    assert cluster.nobody is not None
    checks = check_connection(cluster.nobody, Enforcement.SIDECAR)
    told = " ".join(f"{check.sentence} {check.fix}" for check in checks)
    assert blocks(checks)
    assert "Give" in told


def test_each_missing_right_is_named(cluster: Cluster) -> None:
    install_istio(cluster)
    limited = _Limited(cluster.gateway, {("delete", "sidecars"), ("watch", "pods")})
    checks = check_connection(limited, Enforcement.SIDECAR)
    sentences = [check.sentence for check in checks if check.level is Level.BLOCK]
    assert sentences == [
        'The portal may not watch "pods".',
        'The portal may not delete "sidecars.networking.istio.io".',
    ]


def test_a_missing_crd_blocks_with_the_name_of_the_kind(cluster: Cluster) -> None:
    install_istio(cluster)
    limited = _Limited(cluster.gateway, unserved={"sidecars"})
    checks = check_connection(limited, Enforcement.SIDECAR)
    assert blocks(checks) == {"KindsServed"}
    assert any('"sidecars"' in check.sentence for check in checks)


@pytest.mark.parametrize(
    ("enforcement", "image", "blocked"),
    [
        (Enforcement.SIDECAR, "pilot:1.23.6", True),
        (Enforcement.SIDECAR, "pilot:1.24.0-rc.1", True),
        (Enforcement.SIDECAR, "pilot:1.24.0", False),
        (Enforcement.AMBIENT, "pilot:1.27.9", True),
        (Enforcement.AMBIENT, "pilot:1.28.0", False),
        (Enforcement.GATEWAY, "pilot:latest", True),
    ],
)
def test_an_istio_that_is_too_old_or_unknown_blocks(
    cluster: Cluster, enforcement: Enforcement, image: str, blocked: bool
) -> None:
    install_istio(cluster, image=image)
    checks = check_connection(cluster.gateway, enforcement)
    assert ("IstioVersion" in blocks(checks)) is blocked


def test_the_root_namespace_cannot_hold_the_egress_gateway(cluster: Cluster) -> None:
    install_istio(cluster, mesh="rootNamespace: istio-egress")
    checks = check_connection(cluster.gateway, Enforcement.SIDECAR)
    assert blocks(checks) == {"RootNamespace"}


def test_an_unknown_trust_domain_blocks_only_where_identities_are_written(
    cluster: Cluster,
) -> None:
    install_istio(cluster, mesh=None)
    assert "TrustDomain" in blocks(check_connection(cluster.gateway, Enforcement.GATEWAY))
    assert "TrustDomain" not in blocks(check_connection(cluster.gateway, Enforcement.SIDECAR))


def test_another_cluster_under_the_address_stops_everything(cluster: Cluster) -> None:
    checks = check_connection(cluster.gateway, Enforcement.SIDECAR, expected_uid="other")
    assert [check.id for check in checks] == ["Identity"]
    assert checks[0].level is Level.BLOCK
    assert "Another cluster answers" in checks[0].sentence


def test_a_dead_cluster_is_one_block_and_not_a_traceback(cluster: Cluster) -> None:
    dead = _Limited(cluster.gateway, dead=True)
    checks = check_connection(dead, Enforcement.SIDECAR)
    assert [(check.id, check.level) for check in checks] == [("Identity", Level.BLOCK)]
    assert checks[0].fix


class _Limited:
    """The gateway of a cluster on which something is missing."""

    def __init__(
        self,
        inner: Any,
        denied: set[tuple[str, str]] | None = None,
        unserved: set[str] | None = None,
        dead: bool = False,
    ) -> None:
        self._inner = inner
        self._denied = denied or set()
        self._unserved = unserved or set()
        self._dead = dead

    def identity(self) -> ClusterIdentity:
        if self._dead:
            raise ClusterError("Could not reach it.", Fault.UNREACHABLE, retryable=True)
        found: ClusterIdentity = self._inner.identity()
        return found

    def may(self, verb: str, kind: Kind, namespace: str = "") -> bool:
        return (verb, kind.plural) not in self._denied and self._inner.may(verb, kind, namespace)

    def serves(self, kind: Kind) -> bool:
        return kind.plural not in self._unserved and self._inner.serves(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
