"""Aliases: what istio.md 6 prints, and that an alias never opens more than its grant."""

from dataclasses import replace

import pytest

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Protocol,
    Resolution,
)
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to
from tests.domain.specification import bare, printed

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
MIRROR = replace(to("archive.ubuntu.com", 80, HTTP), alias="os-mirror")
ALIAS_KINDS = {"Service", "EndpointSlice", "VirtualService", "DestinationRule"}


def address(text: str, port: int = 5432, protocol: Protocol = TCP) -> Destination:
    """One address with the name `old-database`."""
    return replace(to(f"{text}/32", port, protocol), alias="old-database")


def rendered(
    *accesses: Access, cluster: ClusterProfile = CLUSTER
) -> dict[tuple[str, str], KubeObject]:
    """Objects by kind and name, those of entries apart."""
    objects = render(cluster, inventory(), accesses)
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


def test_the_aliases_of_the_specification_give_its_objects() -> None:
    grants = [grant(MIRROR), grant(address("203.0.113.13"))]
    objects = [obj for obj in render(CLUSTER, inventory(), grants) if obj["kind"] in ALIAS_KINDS]
    assert bare(objects) == bare(printed("6"))


def test_the_authority_is_corrected_on_every_http_port_of_the_host() -> None:
    grants = [
        grant(MIRROR),
        grant(to("archive.ubuntu.com", 8080, Protocol.HTTP2)),
        grant(to("archive.ubuntu.com", 443)),
        grant(to("archive.ubuntu.com", 9090, HTTP), "otherns"),
    ]
    objects = render(CLUSTER, inventory(), grants)
    (route,) = [obj for obj in objects if obj["kind"] == "VirtualService"]
    assert [
        (rule["match"][0]["port"], rule["rewrite"]["authority"]) for rule in route["spec"]["http"]
    ] == [(80, "archive.ubuntu.com"), (8080, "archive.ubuntu.com:8080")]


def test_two_aliases_of_one_host_are_two_services_and_one_route() -> None:
    found = rendered(grant(MIRROR), grant(replace(MIRROR, alias="mirror")))
    assert sorted(name for kind, name in found if kind == "Service") == ["mirror", "os-mirror"]
    assert len([kind for kind, _ in found if kind == "VirtualService"]) == 1


def test_an_alias_belongs_to_the_namespace_that_asked_for_it() -> None:
    plain = replace(MIRROR, alias="")
    objects = render(CLUSTER, inventory(), [grant(MIRROR), grant(plain, "otherns")])
    named = [obj["metadata"]["namespace"] for obj in objects if obj["kind"] in ALIAS_KINDS]
    assert set(named) == {"default"}


def test_through_a_gateway_the_way_there_corrects_the_authority() -> None:
    cluster = replace(CLUSTER, enforcement=Enforcement.GATEWAY)
    objects = render(cluster, inventory(), [grant(MIRROR)])
    here = [obj["kind"] for obj in objects if obj["metadata"]["namespace"] == "default"]
    assert here == ["Service"]


def test_addresses_with_one_name_and_the_same_ports_are_one_service() -> None:
    grants = [
        grant(address(text, port))
        for text in ("203.0.113.14", "203.0.113.13")
        for port in (5432, 5433)
    ]
    found = rendered(*grants)
    assert len(found) == 3
    ports = found["Service", "old-database"]["spec"]["ports"]
    assert [port["port"] for port in ports] == [5432, 5433]
    endpoints = found["EndpointSlice", "old-database-eg"]["endpoints"]
    assert [one["addresses"] for one in endpoints] == [["203.0.113.13"], ["203.0.113.14"]]


def test_a_service_is_never_seen_outside_its_namespace() -> None:
    service = rendered(grant(address("203.0.113.13")))["Service", "old-database"]
    assert service["metadata"]["annotations"]["networking.istio.io/exportTo"] == "."
    assert "selector" not in service["spec"]


def test_ipv6_addresses_have_a_slice_of_their_type() -> None:
    found = rendered(grant(replace(to("2001:db8::13/128", 5432, TCP), alias="old-database")))
    endpoints = found["EndpointSlice", "old-database-eg"]
    assert endpoints["addressType"] == "IPv6"
    assert endpoints["endpoints"][0]["addresses"] == ["2001:db8::13"]


def test_an_application_that_speaks_tls_itself_is_left_alone() -> None:
    found = rendered(grant(address("203.0.113.13", 8443, TLS)))
    assert found["Service", "old-database"]["spec"]["ports"][0]["name"] == "tls-8443"
    policy = found["DestinationRule", "old-database-eg"]["spec"]["trafficPolicy"]
    assert policy == {"tls": {"mode": "DISABLE"}}


def test_tls_to_fixed_addresses_checks_the_name_of_the_host() -> None:
    destination = Destination(
        "db.example.net", 5432, TCP, True, ("203.0.113.13",), Resolution.DNS, "old-database"
    )
    found = rendered(grant(destination))
    assert {kind for kind, _ in found} == {"Service", "EndpointSlice", "DestinationRule"}
    rule = found["DestinationRule", "old-database-eg"]["spec"]
    assert rule["host"] == "old-database.default.svc.cluster.local"
    assert rule["trafficPolicy"]["tls"] == {
        "mode": "SIMPLE",
        "sni": "db.example.net",
        "subjectAltNames": ["db.example.net"],
    }


def test_an_http_host_with_fixed_addresses_keeps_its_entry_and_its_name() -> None:
    destination = replace(
        to("api.example.com", 80, HTTP, origination=True),
        addresses=("203.0.113.13",),
        alias="partner",
    )
    found = rendered(grant(destination))
    assert found["Service", "partner"]["spec"] == {
        "type": "ExternalName",
        "externalName": "api.example.com",
    }
    (entry,) = [obj for (kind, _), obj in found.items() if kind == "ServiceEntry"]
    assert entry["spec"]["resolution"] == "STATIC"
    (route,) = [obj for (kind, _), obj in found.items() if kind == "VirtualService"]
    assert route["spec"]["http"][0]["rewrite"] == {"authority": "api.example.com"}


@pytest.mark.parametrize("domain", ["cluster.local", "corp.internal"])
def test_the_rule_names_the_service_by_the_domain_of_the_cluster(domain: str) -> None:
    cluster = replace(CLUSTER, cluster_domain=domain)
    found = rendered(grant(address("203.0.113.13")), cluster=cluster)
    rule = found["DestinationRule", "old-database-eg"]
    assert rule["spec"]["host"] == f"old-database.default.svc.{domain}"


def test_an_alias_in_two_namespaces_is_two_services() -> None:
    known = inventory(namespace("default"), namespace("otherns"))
    objects = render(CLUSTER, known, [grant(MIRROR), grant(MIRROR, "otherns")])
    places = [obj["metadata"]["namespace"] for obj in objects if obj["kind"] == "Service"]
    assert places == ["default", "otherns"]
