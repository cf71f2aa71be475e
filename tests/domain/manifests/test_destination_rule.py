"""DestinationRules: originated TLS, and a client's ways to a gateway."""

from dataclasses import replace

import pytest

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.manifests.destination_rule import client_rule, origination_rule
from egress.domain.naming import CLIENT_LABEL

CLUSTER = ClusterProfile("portal-a")
MAIN = GatewayProfile()


@pytest.mark.parametrize("namespace", ["shop", "istio-egress"])
def test_r_b13_originated_tls_says_the_name_and_checks_it(namespace: str) -> None:
    rule = origination_rule(CLUSTER, namespace, "api.example.com", [8080, 80, 80])
    assert rule["metadata"]["namespace"] == namespace
    settings = rule["spec"]["trafficPolicy"]["portLevelSettings"]
    assert [setting["port"]["number"] for setting in settings] == [80, 8080]
    for setting in settings:
        assert setting["tls"] == {
            "mode": "SIMPLE",
            "sni": "api.example.com",
            "subjectAltNames": ["api.example.com"],
        }


def test_a_clients_rule_begins_with_http_and_names_each_door_once() -> None:
    doors = [("b.example.com", 443), ("a.example.com", 22), ("b.example.com", 443)]
    spec = client_rule(CLUSTER, MAIN, namespace="shop", doors=set(doors))["spec"]
    assert [
        (subset["name"], subset["trafficPolicy"]["tls"]["sni"]) for subset in spec["subsets"]
    ] == [
        ("http", "http.egress-portal.internal"),
        ("p22-7653e4959f", "p22.shop.a.example.com"),
        ("p443-cd59d56fd6", "p443.shop.b.example.com"),
    ]


def test_r_b1_a_clients_rule_is_exported_to_exactly_one_namespace() -> None:
    rule = client_rule(CLUSTER, GatewayProfile("b"), namespace="shop", doors=[])
    assert rule["spec"]["exportTo"] == ["shop"]
    assert rule["spec"]["host"] == "egressgateway-b.istio-egress.svc.cluster.local"
    assert rule["metadata"]["labels"][CLIENT_LABEL] == "shop"


def test_r_b4_at_the_client_the_rule_is_seen_there_only() -> None:
    rule = client_rule(replace(CLUSTER, rules_at_clients=True), MAIN, namespace="shop", doors=[])
    assert rule["metadata"]["namespace"] == "shop"
    assert rule["spec"]["exportTo"] == ["."]
