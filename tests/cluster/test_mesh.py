"""The facts of a mesh are read from istiod, and what cannot be read is said so."""

from collections.abc import Iterator

import pytest

from egress.cluster.mesh import read_mesh, version_key
from tests.cluster.istio import install_istio
from tests.cluster.sandboxes import Cluster, sandbox_in_process


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with sandbox_in_process() as running:
        yield running


def test_the_facts_are_read_from_istiod(cluster: Cluster) -> None:
    install_istio(cluster, env={"PILOT_SCOPE_GATEWAY_TO_NAMESPACE": "true", "OTHER": "x"})
    facts = read_mesh(cluster.gateway)
    assert facts.istio_version == "1.29.3"
    assert facts.trust_domain == "corp.example"
    assert facts.trust_domain_aliases == ("old.example",)
    assert facts.root_namespace == "istio-system"
    assert facts.outbound_policy == "REGISTRY_ONLY"
    assert facts.dns_capture is True
    assert facts.flags == {"PILOT_SCOPE_GATEWAY_TO_NAMESPACE": "true"}
    assert facts.export_to == {"defaultVirtualServiceExportTo": (".",)}
    assert facts.unknown == ()


def test_what_the_configuration_leaves_out_has_istios_default(cluster: Cluster) -> None:
    install_istio(cluster, namespace="mesh", mesh="accessLogFile: /dev/stdout\n")
    facts = read_mesh(cluster.gateway)
    assert facts.trust_domain == "cluster.local"
    assert facts.root_namespace == "mesh"
    assert facts.outbound_policy == "ALLOW_ANY"
    assert facts.dns_capture is False


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/istio/pilot:1.29.3-distroless", "1.29.3"),
        ("registry.example:5000/pilot:1.31.0-rc.0", "1.31.0-rc.0"),
        ("gcr.io/pilot:v1.28.6", "1.28.6"),
        ("gcr.io/pilot:latest", None),
        ("gcr.io/pilot@sha256:1234567890abcdef", None),
        ("pilot:1.29.3.4", None),
    ],
)
def test_the_version_is_read_from_the_image(
    cluster: Cluster, image: str, version: str | None
) -> None:
    install_istio(cluster, image=image)
    facts = read_mesh(cluster.gateway)
    assert facts.istio_version == version
    assert bool(facts.unknown) is (version is None)


def test_without_istiod_nothing_is_known_and_it_is_said(cluster: Cluster) -> None:
    facts = read_mesh(cluster.gateway)
    assert facts.istio_version is None
    assert facts.trust_domain is None
    assert "app=istiod" in facts.unknown[0]


@pytest.mark.parametrize(
    ("mesh", "reason"),
    [
        (None, "no mesh configuration"),
        ("[1, 2]", "not a map"),
        ("a: [", "not valid YAML"),
        ("a: &x 1\nb: *x", "anchors"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_said(
    cluster: Cluster, mesh: str | None, reason: str
) -> None:
    install_istio(cluster, mesh=mesh)
    facts = read_mesh(cluster.gateway)
    assert facts.trust_domain is None
    assert facts.dns_capture is None
    assert reason in " ".join(facts.unknown)
    assert facts.istio_version == "1.29.3"


def test_the_lowest_of_several_versions_counts(cluster: Cluster) -> None:
    install_istio(cluster)
    install_istio(cluster, revision="1-28", image="pilot:1.28.10")
    facts = read_mesh(cluster.gateway)
    assert facts.istio_version == "1.28.10"
    assert facts.revisions == ("1-28", "default")
    assert facts.trust_domain == "corp.example"


def test_revisions_that_disagree_leave_the_facts_unknown(cluster: Cluster) -> None:
    install_istio(cluster)
    install_istio(cluster, revision="new", mesh="trustDomain: other.example")
    facts = read_mesh(cluster.gateway)
    assert facts.trust_domain is None
    assert "different mesh configurations" in " ".join(facts.unknown)


def test_two_meshes_are_not_mixed_up(cluster: Cluster) -> None:
    install_istio(cluster)
    install_istio(cluster, namespace="istio-two")
    facts = read_mesh(cluster.gateway)
    assert facts.trust_domain is None
    assert "Several meshes" in facts.unknown[0]


def test_versions_are_ordered_as_numbers() -> None:
    ordered = ["1.9.0", "1.24.0-alpha.1", "1.24.0-rc.2", "1.24.0", "1.24.10", "1.31.0"]
    assert sorted(ordered, key=version_key) == ordered
