"""Clusters whose layout would let in more than was granted get no objects at all."""

from dataclasses import replace

import pytest

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.refusals import CannotRender, check_cluster
from tests.domain.examples import CLUSTER

MAIN = GatewayProfile()


def said(cluster: ClusterProfile) -> str:
    """Why nothing is rendered for a cluster."""
    with pytest.raises(CannotRender) as refused:
        check_cluster(cluster)
    assert refused.value.reason == "ClusterLayoutUnsafe"
    assert refused.value.message.endswith(".")
    return refused.value.message


@pytest.mark.parametrize(
    "gateways",
    [
        (MAIN,),
        (MAIN, GatewayProfile("b2")),
        (MAIN, GatewayProfile("b", label="other", service="out.istio-egress.svc.cluster.local")),
        (GatewayProfile(http_container_port=18080, tls_container_port=18443),),
    ],
)
def test_gateways_that_keep_apart_are_fine(gateways: tuple[GatewayProfile, ...]) -> None:
    check_cluster(replace(CLUSTER, gateways=gateways))


@pytest.mark.parametrize(
    "gateway",
    [
        GatewayProfile(http_container_port=8443),
        GatewayProfile(http_port=443),
        GatewayProfile(tls_container_port=8080),
    ],
)
def test_doors_and_http_never_share_a_port(gateway: GatewayProfile) -> None:
    assert "open to the whole mesh" in said(replace(CLUSTER, gateways=(gateway,)))


@pytest.mark.parametrize(
    ("gateway", "what"),
    [
        (GatewayProfile(), "id"),
        (GatewayProfile("b", label="egressgateway"), "label"),
        (GatewayProfile("b", service="egressgateway.istio-egress.svc.cluster.local"), "Service"),
    ],
)
def test_two_gateways_never_share_what_tells_them_apart(gateway: GatewayProfile, what: str) -> None:
    assert f"same {what}" in said(replace(CLUSTER, gateways=(MAIN, gateway)))


@pytest.mark.parametrize("domain", ["", "*", "a/b", "cluster.local/ns/x/sa/y", "*.example.com"])
def test_a_trust_domain_is_never_a_pattern(domain: str) -> None:
    assert "trust domain" in said(replace(CLUSTER, trust_domain=domain))
    assert "trust domain" in said(replace(CLUSTER, trust_domain_aliases=("a.example", domain)))


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (replace(CLUSTER, egress_namespace="istio-system"), "root namespace"),
        (replace(CLUSTER, egress_namespace="Istio.Egress"), "no name of a namespace"),
        (replace(CLUSTER, waypoint="a/b"), "no name of a namespace"),
        (replace(CLUSTER, gateways=()), "no egress gateway"),
        (replace(CLUSTER, gateways=(GatewayProfile("four"),)), "no id or label"),
        (replace(CLUSTER, gateways=(GatewayProfile("b", label="*"),)), "no id or label"),
        (
            replace(CLUSTER, gateways=(GatewayProfile(service="out.shop.svc.cluster.local"),)),
            "not in the egress namespace",
        ),
    ],
)
def test_names_that_would_attach_objects_elsewhere_are_refused(
    cluster: ClusterProfile, words: str
) -> None:
    assert words in said(cluster)
