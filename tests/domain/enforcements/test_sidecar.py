"""Enforcement by sidecars: the objects of istio.md 2.5 and every form of a destination."""

from dataclasses import replace

from egress.domain.access import Access, ClusterProfile, Destination, Protocol, Resolution
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, to
from tests.domain.specification import bare, printed

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
NEW = ClusterProfile("portal-a", istio_version="1.30.2")


def spec_of(destination: Destination, cluster: ClusterProfile = CLUSTER) -> KubeObject:
    """The spec of the only object of a grant."""
    (entry,) = render(cluster, inventory(), [grant(destination)])
    spec: KubeObject = entry["spec"]
    return spec


def test_the_grants_of_the_specification_give_its_objects() -> None:
    grants = [
        grant(to("developers.google.com")),
        grant(to("archive.ubuntu.com", 80, HTTP)),
        grant(to("developer.yahoo.com", 80, HTTP, origination=True), "otherns"),
        grant(to("db.example.net", 5432, TCP), "otherns"),
    ]
    assert bare(render(CLUSTER, inventory(), grants)) == bare(printed("2.5"))


def test_tcp_by_name_is_an_entry_that_dns_resolves() -> None:
    assert spec_of(to("db.example.net", 5432, TCP)) == {
        "hosts": ["db.example.net"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 5432, "name": "tcp-5432", "protocol": "TCP"}],
    }


def test_fixed_addresses_are_endpoints_and_the_addresses_that_clients_dial() -> None:
    destination = replace(
        to("db.example.net", 5432, TCP), addresses=("198.51.100.7", "203.0.113.9")
    )
    assert spec_of(destination) == {
        "hosts": ["db.example.net"],
        "addresses": ["198.51.100.7", "203.0.113.9"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
        "endpoints": [{"address": "198.51.100.7"}, {"address": "203.0.113.9"}],
        "ports": [{"number": 5432, "name": "tcp-5432", "protocol": "TCP"}],
    }


def test_long_lived_connections_keep_their_address_when_dns_rotates() -> None:
    destination = replace(to("db.example.net", 5432, TCP), resolution=Resolution.DNS_ROUND_ROBIN)
    assert spec_of(destination)["resolution"] == "DNS_ROUND_ROBIN"


def test_an_address_range_has_a_name_of_its_own_and_no_other_way_in() -> None:
    assert spec_of(to("203.0.113.0/24", 8443, TCP)) == {
        "hosts": ["cidr-203-0-113-0-24.egress-portal.internal"],
        "addresses": ["203.0.113.0/24"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "NONE",
        "ports": [{"number": 8443, "name": "tcp-8443", "protocol": "TCP"}],
    }


def test_two_ranges_that_differ_only_in_omitted_zeros_have_two_names() -> None:
    ranges = ["2001:db8::1:2/128", "2001:db8:1::2/128"]
    hosts = {spec_of(to(text, 443))["hosts"][0] for text in ranges}
    assert len(hosts) == 2


def test_a_wildcard_is_resolved_by_the_proxy_name_by_name() -> None:
    spec = spec_of(to("*.partner.example.com"), NEW)
    assert spec["hosts"] == ["*.partner.example.com"]
    assert spec["resolution"] == "DYNAMIC_DNS"
    assert not spec.keys() & {"addresses", "endpoints"}


def test_a_wildcard_and_a_host_below_it_are_two_entries() -> None:
    grants = [grant(to("*.example.com")), grant(to("a.example.com"))]
    names = {obj["metadata"]["name"] for obj in render(NEW, inventory(), grants)}
    assert len(names) == 2


def test_every_port_of_a_host_is_in_its_one_entry_whatever_is_spoken() -> None:
    grants: list[Access] = [
        grant(to("a.example.com", 80, HTTP, origination=True)),
        grant(to("a.example.com", 443)),
        grant(to("a.example.com", 5671, TCP)),
    ]
    entry, *others = sorted(
        render(CLUSTER, inventory(), grants), key=lambda obj: obj["kind"] != "ServiceEntry"
    )
    assert [port["name"] for port in entry["spec"]["ports"]] == ["http-80", "tls-443", "tcp-5671"]
    assert [obj["kind"] for obj in others] == ["DestinationRule"]
    settings = others[0]["spec"]["trafficPolicy"]["portLevelSettings"]
    assert [setting["port"]["number"] for setting in settings] == [80]
