"""Service, NetworkPolicy and EndpointSlice: recorded defaults, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from egress.sandbox.schema import Node, schema_of, structural_error, validate, with_defaults

SERVICE = schema_of("", "Service")
POLICY = schema_of("networking.k8s.io", "NetworkPolicy")
SLICE = schema_of("discovery.k8s.io", "EndpointSlice")
META = {"name": "rec", "namespace": "default"}
NUMBER = "must be between 1 and 65535, inclusive"


def service(**spec: Any) -> dict[str, Any]:
    return with_defaults(SERVICE, {"metadata": META, "spec": spec})


def policy(**spec: Any) -> dict[str, Any]:
    return with_defaults(POLICY, {"metadata": META, "spec": {"podSelector": {}, **spec}})


def to(**peer: Any) -> dict[str, Any]:
    return policy(egress=[{"to": [peer]}])


def slice_(**fields: Any) -> dict[str, Any]:
    return with_defaults(SLICE, {"metadata": META, "addressType": "IPv4", **fields})


def found(node: Node, obj: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cause.field, cause.message) for cause in validate(node, obj)]


def test_a_service_gets_the_recorded_defaults() -> None:
    assert service(ports=[{"name": "tcp", "port": 5432}]) == {
        "metadata": META,
        "spec": {
            "ports": [{"name": "tcp", "protocol": "TCP", "port": 5432, "targetPort": 5432}],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {}},
    }


def test_a_service_that_is_only_a_name_gets_few_defaults() -> None:
    assert service(type="ExternalName", externalName="a.example.com") == {
        "metadata": META,
        "spec": {
            "type": "ExternalName",
            "externalName": "a.example.com",
            "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {}},
    }


def test_a_load_balancer_gets_its_own_defaults() -> None:
    spec: Any = service(type="LoadBalancer", ports=[{"port": 80}])["spec"]
    assert spec["externalTrafficPolicy"] == "Cluster"
    assert spec["allocateLoadBalancerNodePorts"] is True


@pytest.mark.parametrize(
    ("obj", "causes"),
    [
        (service(ports=[{"port": 80}]), []),
        (service(clusterIP="None"), []),
        (service(), [("spec.ports", "Required value")]),
        (
            service(ports=[{"port": 0}]),
            [
                ("spec.ports[0].targetPort", f"Invalid value: {NUMBER}"),
                ("spec.ports[0].port", f"Invalid value: 0: {NUMBER}"),
            ],
        ),
        (
            service(ports=[{"port": 80, "protocol": "ICMP"}]),
            [
                (
                    "spec.ports[0].protocol",
                    'Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
                )
            ],
        ),
        (
            service(ports=[{"port": 80, "name": "a"}, {"port": 81}]),
            [("spec.ports[0].name", "Required value")],
        ),
        (
            service(ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]),
            [("spec.ports", "Invalid value: port names must be unique")],
        ),
        (
            service(type="ExternalName", externalName="not a name"),
            [
                (
                    "spec.externalName",
                    "Invalid value: a lowercase RFC 1123 subdomain is required "
                    "when `type` is ExternalName",
                )
            ],
        ),
    ],
)
def test_a_service_is_checked(obj: dict[str, Any], causes: list[tuple[str, str]]) -> None:
    assert found(SERVICE, obj) == causes


def test_a_service_has_a_name_for_dns() -> None:
    obj = {**service(ports=[{"port": 80}]), "metadata": {**META, "name": "1-rec"}}
    [(field, message)] = found(SERVICE, obj)
    assert field == "metadata.name"
    assert "a DNS-1035 label must consist of" in message


def test_a_network_policy_keeps_what_was_recorded() -> None:
    given = {"policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}
    assert policy(**given)["spec"] == {"podSelector": {}, **given}


def test_a_network_policy_gets_its_types_from_its_rules() -> None:
    assert policy()["spec"]["policyTypes"] == ["Ingress"]
    assert policy(egress=[{}])["spec"]["policyTypes"] == ["Ingress", "Egress"]
    ports: Any = policy(egress=[{"ports": [{"port": 443}]}])["spec"]["egress"][0]["ports"]
    assert ports == [{"port": 443, "protocol": "TCP"}]


RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


@pytest.mark.parametrize(
    ("obj", "field", "message"),
    [
        (to(), "spec.egress[0].to[0]", "Required value: must specify a peer"),
        (
            to(ipBlock={"cidr": "10.0.0.0/8"}, podSelector={}),
            "spec.egress[0].to[0]",
            "Invalid value: may not specify both ipBlock and another peer",
        ),
        (
            to(ipBlock={"cidr": "10.0.0.1"}),
            "spec.egress[0].to[0].ipBlock.cidr",
            f'Invalid value: "10.0.0.1": {RANGE}',
        ),
        (to(ipBlock={}), "spec.egress[0].to[0].ipBlock.cidr", "Required value"),
        (
            to(ipBlock={"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}),
            "spec.egress[0].to[0].ipBlock.except",
            "Invalid value: must be a strict subset of `cidr`",
        ),
        (
            policy(egress=[{"ports": [{"port": 70000}]}]),
            "spec.egress[0].ports[0].port",
            f"Invalid value: {NUMBER}",
        ),
        (
            policy(egress=[{"ports": [{"port": 80, "endPort": 79}]}]),
            "spec.egress[0].ports[0].endPort",
            "Invalid value: must be greater than or equal to `port`",
        ),
        (
            policy(policyTypes=["Sideways"]),
            "spec.policyTypes[0]",
            'Unsupported value: "Sideways": supported values: "Egress", "Ingress"',
        ),
    ],
)
def test_a_network_policy_is_checked(obj: dict[str, Any], field: str, message: str) -> None:
    assert found(POLICY, obj) == [(field, message)]


def test_a_network_policy_of_ranges_ports_and_pods_is_fine() -> None:
    obj = policy(
        egress=[
            {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]},
            {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]},
            {"ports": [{"port": "https"}, {"port": 80, "endPort": 90, "protocol": "UDP"}]},
        ]
    )
    assert found(POLICY, obj) == []
    assert structural_error(POLICY, obj) is None


def test_an_endpoint_slice_is_checked() -> None:
    assert found(SLICE, slice_(endpoints=[{"addresses": ["192.0.2.1"]}])) == []
    [(field, message)] = found(SLICE, slice_(endpoints=[{"addresses": ["2001:db8::1"]}]))
    assert field == "endpoints"
    assert message == "Invalid value: must be addresses of the slice's addressType"
    assert found(SLICE, slice_(endpoints=[{}]))[0][0] == "endpoints[0].addresses"
    wrong = slice_(addressType="IPv5", endpoints=[])
    assert found(SLICE, wrong)[0][0] == "addressType"
