"""NetworkPolicies: what istio.md 7 prints, and the same for other shapes of a cluster."""

import ipaddress
from dataclasses import replace
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile
from egress.domain.manifests.network_policy import client_policy, gateway_policy, waypoint_policy
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.examples import CLUSTER, inventory, namespace
from tests.domain.specification import bare, printed

SECOND = GatewayProfile(id="b2")


def reachable(policy: KubeObject, address: str) -> bool:
    """Tell whether a policy leaves the way to an address outside the cluster open."""
    target = ipaddress.ip_address(address)
    return any(_holds(peer["ipBlock"], target) for peer in peers(policy) if "ipBlock" in peer)


def _holds(block: dict[str, Any], target: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    excepted = any(target in ipaddress.ip_network(out) for out in block["except"])
    return target in ipaddress.ip_network(block["cidr"]) and not excepted


def peers(policy: KubeObject) -> list[dict[str, Any]]:
    """Every peer that a policy leaves the way out to."""
    return [peer for rule in policy["spec"]["egress"] for peer in rule["to"]]


def test_the_policies_of_the_specification_come_out_as_printed() -> None:
    client = client_policy(CLUSTER, "default", Enforcement.GATEWAY)
    gateway = gateway_policy(CLUSTER, GatewayProfile())
    assert bare([client, gateway]) == bare(printed("7"))


def test_every_gateway_is_a_peer_of_clients_and_has_a_policy_of_its_own() -> None:
    cluster = replace(CLUSTER, gateways=(GatewayProfile(), SECOND))
    (rule,) = [
        rule
        for rule in client_policy(cluster, "default", Enforcement.GATEWAY)["spec"]["egress"]
        if {"protocol": "TCP", "port": 8443} in rule.get("ports", [])
    ]
    pods = [peer["podSelector"]["matchLabels"]["istio"] for peer in rule["to"]]
    assert pods == ["egressgateway", "egressgateway-b2"]
    own = gateway_policy(cluster, SECOND)
    assert own["metadata"]["name"] == "egressgateway-b2"
    assert own["spec"]["podSelector"] == {"matchLabels": {"istio": "egressgateway-b2"}}


def test_a_gateway_with_other_container_ports_has_a_rule_of_its_own() -> None:
    other = replace(SECOND, http_container_port=9080, tls_container_port=9443)
    cluster = replace(CLUSTER, gateways=(GatewayProfile(), other))
    rules = client_policy(cluster, "default", Enforcement.GATEWAY)["spec"]["egress"]
    by_label = {
        rule["to"][0]["podSelector"]["matchLabels"]["istio"]: [p["port"] for p in rule["ports"]]
        for rule in rules
        if "istio" in rule["to"][0].get("podSelector", {}).get("matchLabels", {})
    }
    assert by_label == {"egressgateway": [8080, 8443], "egressgateway-b2": [9080, 9443]}


def test_behind_a_gateway_or_waypoint_no_pod_reaches_the_internet_itself() -> None:
    for enforcement in (Enforcement.GATEWAY, Enforcement.AMBIENT):
        assert not reachable(client_policy(CLUSTER, "default", enforcement), "198.51.100.7")


def test_under_sidecar_only_what_is_not_public_is_closed() -> None:
    policy = client_policy(CLUSTER, "default", Enforcement.SIDECAR)
    assert reachable(policy, "198.51.100.7")
    assert reachable(policy, "2001:db8::7")
    closed = ("169.254.169.254", "10.1.2.3", "192.168.1.1", "127.0.0.1", "fd00:ec2::254", "fe80::1")
    assert [address for address in closed if reachable(policy, address)] == []


def test_ambient_pods_reach_the_waypoint_and_its_pods_the_internet() -> None:
    cluster = replace(CLUSTER, waypoint="way-out", egress_namespace="outside")
    pods = {"gateway.networking.k8s.io/gateway-name": "way-out"}
    (rule,) = [
        rule
        for rule in client_policy(cluster, "default", Enforcement.AMBIENT)["spec"]["egress"]
        if rule["to"][0].get("podSelector", {}).get("matchLabels") == pods
    ]
    assert rule["ports"] == [{"protocol": "TCP", "port": 15008}]
    policy = waypoint_policy(cluster)
    assert policy["spec"]["podSelector"] == {"matchLabels": pods}
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 15008}]
    assert reachable(policy, "198.51.100.7")
    assert not reachable(policy, "169.254.169.254")


def test_what_comes_into_a_client_namespace_is_never_touched() -> None:
    for enforcement in Enforcement:
        spec = client_policy(CLUSTER, "default", enforcement)["spec"]
        assert spec["policyTypes"] == ["Egress"]
        assert "ingress" not in spec


def test_dns_and_the_rest_of_the_cluster_stay_open() -> None:
    for enforcement in Enforcement:
        first, *_, last = client_policy(CLUSTER, "default", enforcement)["spec"]["egress"]
        assert [port["port"] for port in first["ports"]] == [53, 53]
        assert last == {"to": [{"namespaceSelector": {}}]}


def test_only_the_decision_on_a_namespace_gives_it_a_policy() -> None:
    known = inventory(namespace("default", network_policy=True), namespace("otherns"))
    (policy,) = render(ClusterProfile("portal-a", Enforcement.GATEWAY), known, [])
    assert policy == client_policy(CLUSTER, "default", Enforcement.GATEWAY)
