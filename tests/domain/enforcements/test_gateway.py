"""What grants under gateway enforcement give, and what they leave alone."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from egress.domain.access import Access, Destination, GatewayProfile, Inventory
from egress.domain.enforcements import gateway
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base
from egress.domain.objects import content_hash, key_of
from tests.domain.enforcements.gateway_examples import (
    CLUSTER,
    FOUR_GRANTS,
    HTTP,
    KNOWN,
    MIXED,
    TLS,
    as_yaml,
    name_of,
    objects,
    spec,
)
from tests.domain.examples import grant, namespace, to
from tests.domain.specification import bare, printed

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def test_the_four_grants_give_exactly_the_objects_of_the_specification() -> None:
    wanted = [obj for obj in printed("3.9") if obj["kind"] != "Sidecar"]
    assert len(wanted) == 19
    assert bare(objects(*FOUR_GRANTS).values()) == bare(wanted)


def test_the_four_grants_give_the_bytes_of_their_golden_file() -> None:
    expected = (GOLDEN / "gateway-four-grants" / "expected.yaml").read_text(encoding="utf-8")
    assert as_yaml(objects(*FOUR_GRANTS)) == expected


def test_r_b5_one_entry_holds_every_port_and_is_exported_to_the_granted_namespaces_only() -> None:
    found = objects(*MIXED)
    entry = spec(found, "ServiceEntry", base("api.example.com"))
    assert [port["name"] for port in entry["ports"]] == [
        "http-80",
        "tls-443",
        "tcp-5432",
        "grpc-8080",
    ]
    assert entry["exportTo"] == [".", "default", "otherns"]
    assert spec(found, "ServiceEntry", base("other.example.com"))["exportTo"] == [".", "default"]


def test_r_b6_origination_declares_port_80_only_and_its_rule_is_seen_by_the_gateway_only() -> None:
    found = objects(grant(to("api.example.com", 80, HTTP, origination=True)))
    assert spec(found, "ServiceEntry", base("api.example.com"))["ports"] == [
        {"number": 80, "name": "http-80", "protocol": "HTTP", "targetPort": 443}
    ]
    rule = found["DestinationRule", f"{base('api.example.com')}-orig"]
    assert rule["metadata"]["namespace"] == "istio-egress"
    assert rule["spec"]["exportTo"] == ["."]


def test_r_b6_a_granted_tls_port_stands_beside_origination_and_is_routed() -> None:
    found = objects(
        grant(to("api.example.com", 80, HTTP, origination=True)), grant(to("api.example.com", 443))
    )
    leg = spec(found, "VirtualService", f"{base('api.example.com')}-mesh")
    assert [route["match"][0]["port"] for route in (*leg["http"], *leg["tls"])] == [80, 443]
    (setting,) = spec(found, "DestinationRule", f"{base('api.example.com')}-orig")["trafficPolicy"][
        "portLevelSettings"
    ]
    assert setting["port"] == {"number": 80}


def test_r_b7_every_port_of_an_entry_has_a_route_of_its_family() -> None:
    leg = spec(objects(*MIXED), "VirtualService", f"{base('api.example.com')}-mesh")
    assert leg["exportTo"] == ["default", "otherns"]
    routed = {
        family: [(m["port"], m.get("sniHosts")) for route in leg[family] for m in route["match"]]
        for family in ("http", "tls", "tcp")
    }
    assert routed == {
        "http": [(80, None), (8080, None)],
        "tls": [(443, ["api.example.com"])],
        "tcp": [(5432, None)],
    }
    destinations = [route["route"][0]["destination"] for family in routed for route in leg[family]]
    assert {one["host"] for one in destinations} == {"egressgateway.istio-egress.svc.cluster.local"}
    assert [(one["port"]["number"], one["subset"]) for one in destinations] == [
        (80, "http"),
        (80, "http"),
        (443, f"p443-{base('api.example.com')[-10:]}"),
        (443, f"p5432-{base('api.example.com')[-10:]}"),
    ]


def test_r_b8_the_gateway_sees_one_spelling_of_the_authority() -> None:
    leg = spec(objects(*MIXED), "VirtualService", f"{base('api.example.com')}-mesh")
    assert [route["rewrite"]["authority"] for route in leg["http"]] == [
        "api.example.com",
        "api.example.com:8080",
    ]


def test_r_b9_nothing_is_exported_to_the_whole_mesh() -> None:
    for obj in objects(*MIXED, *FOUR_GRANTS).values():
        assert "*" not in obj["spec"].get("exportTo", [])
        if obj["kind"] not in ("Gateway", "AuthorizationPolicy"):
            assert obj["spec"]["exportTo"]


def test_an_alias_adds_a_name_in_the_client_namespace_and_changes_nothing_else() -> None:
    plain = to("api.example.com", 80, HTTP)
    without, found = objects(grant(plain)), objects(grant(replace(plain, alias="partner")))
    service = found.pop(("Service", "partner"))
    assert service["metadata"]["namespace"] == "default"
    assert service["spec"] == {"type": "ExternalName", "externalName": "api.example.com"}
    assert found == without


def test_a_grant_with_an_alias_and_one_without_share_one_route() -> None:
    plain = to("api.example.com", 80, HTTP)
    both = objects(grant(plain, "otherns"), grant(replace(plain, alias="partner")))
    assert len(spec(both, "ServiceEntry", base("api.example.com"))["ports"]) == 1
    assert len(spec(both, "VirtualService", f"{base('api.example.com')}-mesh")["http"]) == 1


@pytest.mark.parametrize("ended", MIXED, ids=str)
def test_p36_ending_a_grant_leaves_other_hosts_and_other_doors_as_they_are(ended: Access) -> None:
    before = objects(*MIXED)
    after = objects(*(one for one in MIXED if one != ended))
    host, client = ended.destination.host, ended.subject.namespace
    for key, obj in before.items():
        labels = obj["metadata"]["labels"]
        if labels.get(BASE_LABEL) != base(host) and labels.get(CLIENT_LABEL) != client:
            assert after[key] == obj
        elif obj["kind"] == "Gateway" and key in after:
            own = f"./p{ended.destination.port}.{client}.{host}"
            for server in obj["spec"]["servers"]:
                assert server["hosts"] == [own] or server in after[key]["spec"]["servers"]


def test_the_order_of_grants_does_not_matter() -> None:
    expected = as_yaml(objects(*MIXED, *FOUR_GRANTS))
    for seed in range(10):
        shuffled = [*MIXED, *FOUR_GRANTS]
        random.Random(seed).shuffle(shuffled)
        found = gateway.objects(CLUSTER, KNOWN, shuffled)
        assert as_yaml({(obj["kind"], name_of(obj)): obj for obj in found}) == expected


def test_every_object_carries_its_hash_and_lies_where_only_the_portal_writes() -> None:
    for obj in objects(*MIXED, *FOUR_GRANTS).values():
        assert obj["metadata"]["namespace"] == "istio-egress"
        marks = obj["metadata"]["annotations"]
        assert marks == {"egress-portal.io/content-hash": content_hash(obj)}


def test_long_hosts_keep_every_name_within_63_characters() -> None:
    label = "x" * 60
    host = f"{label}.{label}.{label}.example.com"
    three = replace(CLUSTER, gateways=(GatewayProfile("abc"),))
    long = "n" * 63
    grants = [Access(one.subject, Destination(host, 65535, TLS)) for one in FOUR_GRANTS]
    known = Inventory({**KNOWN.namespaces, long: namespace(long)})
    found = objects(*grants, grant(to("a.example.com"), long), cluster=three, known=known)
    assert found
    for obj in found.values():
        assert len(key_of(obj).name) <= 63
