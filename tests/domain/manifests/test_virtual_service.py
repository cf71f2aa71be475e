"""The VirtualServices from a client to the gateway, and from there to a host."""

import pytest

from egress.domain.access import ClusterProfile, Destination, GatewayProfile, Protocol
from egress.domain.manifests.virtual_service import MESH_HEADERS, door_leg, http_leg, mesh_leg
from tests.domain.examples import to

CLUSTER = ClusterProfile("portal-a", egress_namespace="outside", cluster_domain="corp.local")
MAIN = GatewayProfile()


@pytest.mark.parametrize(
    ("destination", "family"),
    [
        (to("api.example.com", 80, Protocol.HTTP), "http"),
        (to("api.example.com", 80, Protocol.HTTP2), "http"),
        (to("api.example.com", 80, Protocol.GRPC, origination=True), "http"),
        (to("api.example.com", 443, Protocol.TLS), "tls"),
        (to("api.example.com", 5432, Protocol.TCP), "tcp"),
    ],
    ids=str,
)
def test_a_client_is_led_to_the_gateway_by_the_family_of_its_protocol(
    destination: Destination, family: str
) -> None:
    leg = mesh_leg(CLUSTER, MAIN, destinations=[destination], namespaces=["shop"])["spec"]
    assert {"http", "tls", "tcp"} & set(leg) == {family}
    (route,) = leg[family]
    assert route["match"][0]["port"] == destination.port
    chosen = route["route"][0]["destination"]
    assert chosen["host"] == "egressgateway.outside.svc.corp.local"
    assert chosen["port"] == {"number": 80 if family == "http" else 443}


def test_a_service_of_another_name_is_used_as_it_is_given() -> None:
    other = GatewayProfile(service="way-out.outside.svc.corp.local")
    leg = mesh_leg(CLUSTER, other, destinations=[to("api.example.com")], namespaces=["shop"])
    chosen = leg["spec"]["tls"][0]["route"][0]["destination"]
    assert chosen["host"] == "way-out.outside.svc.corp.local"


def test_a_dot_of_the_host_stands_for_itself_alone() -> None:
    leg = http_leg(CLUSTER, MAIN, host="a-b.example.com", ports=[8080, 80])["spec"]
    assert [route["match"] for route in leg["http"]] == [
        [{"authority": {"regex": r"(?i)a-b\.example\.com(:80)?"}}],
        [{"authority": {"regex": r"(?i)a-b\.example\.com:8080"}}],
    ]
    assert [route["name"] for route in leg["http"]] == ["p80", "p8080"]


def test_every_route_to_the_outside_removes_the_headers_of_the_mesh() -> None:
    leg = http_leg(CLUSTER, MAIN, host="a.example.com", ports=[80, 8080])["spec"]
    for route in leg["http"]:
        assert route["headers"] == {"request": {"remove": list(MESH_HEADERS)}}


def test_the_gateways_legs_are_seen_by_the_gateway_only() -> None:
    http = http_leg(CLUSTER, GatewayProfile("b"), host="a.example.com", ports=[80])["spec"]
    door = door_leg(CLUSTER, MAIN, host="a.example.com", port=22, namespaces=["b", "a"])["spec"]
    assert http["exportTo"] == door["exportTo"] == ["."]
    assert http["gateways"] == ["outside/egress-http-b"]
    assert door["hosts"] == ["p22.a.a.example.com", "p22.b.a.example.com"]
