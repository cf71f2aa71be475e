"""How clients reach the egress gateways, one or several, in meshes of their own kind."""

from dataclasses import replace

import pytest

from egress.domain.access import GatewayProfile
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base
from tests.domain.enforcements.gateway_examples import (
    CLUSTER,
    HTTP,
    MIXED,
    admitted,
    as_yaml,
    identities,
    objects,
    spec,
)
from tests.domain.examples import grant, to


def test_r_b1_a_namespace_has_one_rule_whatever_it_was_granted() -> None:
    found = objects(*MIXED)
    rule = found["DestinationRule", "eg-client-otherns-2bee00e9ae"]
    assert rule["metadata"]["labels"][CLIENT_LABEL] == "otherns"
    assert BASE_LABEL not in rule["metadata"]["labels"]
    assert rule["spec"]["exportTo"] == ["otherns"]
    assert [subset["name"] for subset in rule["spec"]["subsets"]] == [
        "http",
        f"p443-{base('api.example.com')[-10:]}",
        f"p5432-{base('api.example.com')[-10:]}",
    ]


def test_r_b2_every_subset_says_its_sni_and_is_mutual() -> None:
    for (kind, name), obj in objects(*MIXED).items():
        if kind == "DestinationRule" and name.startswith("eg-client-"):
            for subset in obj["spec"]["subsets"]:
                assert set(subset) == {"name", "trafficPolicy"}  # R-B3: no labels
                tls = subset["trafficPolicy"]["tls"]
                assert tls["mode"] == "ISTIO_MUTUAL"
                assert tls["sni"]


def test_a_namespace_with_http_grants_only_has_the_http_subset_only() -> None:
    rule = spec(
        objects(grant(to("api.example.com", 80, HTTP))),
        "DestinationRule",
        "eg-client-default-37a8eec1ce",
    )
    assert rule["subsets"] == [
        {
            "name": "http",
            "trafficPolicy": {
                "connectionPool": {"http": {"useClientProtocol": True}},
                "tls": {"mode": "ISTIO_MUTUAL", "sni": "http.egress-portal.internal"},
            },
        }
    ]


def test_r_b4_the_rules_lie_in_the_client_namespaces_where_the_cluster_says_so() -> None:
    there = replace(CLUSTER, rules_at_clients=True)
    rule = objects(*MIXED, cluster=there)["DestinationRule", "eg-client-otherns-2bee00e9ae"]
    usual = objects(*MIXED)["DestinationRule", "eg-client-otherns-2bee00e9ae"]
    assert rule["metadata"]["namespace"] == "otherns"
    assert rule["metadata"]["labels"] == usual["metadata"]["labels"]
    assert rule["spec"] == {**usual["spec"], "exportTo": ["."]}


def test_a_mesh_with_another_trust_domain_and_an_alias_names_both_everywhere() -> None:
    mesh = replace(CLUSTER, trust_domain="corp.example", trust_domain_aliases=("old.example",))
    found = objects(*MIXED, cluster=mesh)
    assert identities(found, "api.example.com", 5432) == {
        "./p5432.otherns.api.example.com": [
            "spiffe://corp.example/ns/otherns/sa/billing",
            "spiffe://old.example/ns/otherns/sa/billing",
        ]
    }
    assert admitted(found, "api.example.com")[1][0] == [
        "corp.example/ns/default/sa/*",
        "old.example/ns/default/sa/*",
    ]
    assert "cluster.local/ns" not in as_yaml(found)


SHARDED = replace(
    CLUSTER,
    gateways=(
        GatewayProfile(),
        GatewayProfile("b", http_port=8000, http_container_port=18000, tls_port=8443),
    ),
    assignments={"api.example.com": "b"},
)


def test_a_host_belongs_to_its_gateway_with_both_families() -> None:
    found = objects(*MIXED, cluster=SHARDED)
    host = base("api.example.com")
    door = spec(found, "Gateway", f"{host}-p443")
    assert door["selector"] == {"istio": "egressgateway-b"}
    assert {server["port"]["number"] for server in door["servers"]} == {8443}
    assert spec(found, "VirtualService", f"{host}-p443")["tcp"][0]["match"] == [{"port": 8443}]
    assert spec(found, "VirtualService", f"{host}-http")["gateways"] == [
        "istio-egress/egress-http-b"
    ]
    policy = spec(found, "AuthorizationPolicy", host)
    assert policy["selector"] == {"matchLabels": {"istio": "egressgateway-b"}}
    assert policy["rules"][0]["to"][0]["operation"]["ports"] == ["18000"]
    leg = spec(found, "VirtualService", f"{host}-mesh")
    assert leg["http"][0]["route"][0]["destination"] == {
        "host": "egressgateway-b.istio-egress.svc.cluster.local",
        "port": {"number": 8000},
        "subset": "http",
    }
    other = spec(found, "Gateway", f"{base('other.example.com')}-p443")
    assert other["selector"] == {"istio": "egressgateway"}


def test_a_namespace_has_a_rule_for_each_gateway_that_it_uses() -> None:
    found = objects(*MIXED, cluster=SHARDED)
    rules = {
        name: (obj["spec"]["host"], [subset["name"] for subset in obj["spec"]["subsets"]])
        for (kind, name), obj in found.items()
        if kind == "DestinationRule"
    }
    here, there = base("other.example.com")[-10:], base("api.example.com")[-10:]
    domain = "istio-egress.svc.cluster.local"
    assert rules == {
        "eg-client-default-37a8eec1ce": (f"egressgateway.{domain}", ["http", f"p443-{here}"]),
        "eg-client-b-default-37a8eec1ce": (f"egressgateway-b.{domain}", ["http", f"p443-{there}"]),
        "eg-client-b-otherns-2bee00e9ae": (
            f"egressgateway-b.{domain}",
            ["http", f"p443-{there}", f"p5432-{there}"],
        ),
    }


def test_a_host_on_a_gateway_that_nobody_knows_is_refused() -> None:
    lost = replace(CLUSTER, assignments={"api.example.com": "z"})
    with pytest.raises(LookupError, match='"z"'):
        objects(grant(to("api.example.com", 80, HTTP)), cluster=lost)
