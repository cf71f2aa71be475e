"""The generation rules of istio.md by name: R-A1 to R-A12 (its section 2), R-B1 to R-B16 (3).

Each is proven on what is rendered, or on the check that keeps it. The rows of section 10 are in
`test_rules_10_1.py` to `test_rules_10_4.py`. What a rule asks of the running product is proven by
other tests, too:

| rule | what is asked | test |
| --- | --- | --- |
| R-A3 | nothing is opened beside a foreign entry | tests/services/convergence/test_deliver.py, |
| | | test_a_host_that_a_visible_foreign_entry_has_is_not_opened |
| R-A7 | DNS capture is read from mesh and pods | tests/domain/posture/test_meshes.py, test_pf8_* |
| R-A8 | a crash between the phases opens nothing | tests/domain/order/test_properties.py |
| R-A10 | a foreign Sidecar is not overwritten | tests/services/test_hardening.py, |
| | | test_a_foreign_sidecar_of_the_whole_namespace_blocks_it |
| R-B4 | which rules hide ours, which not | tests/domain/posture/test_clients.py, test_pf5_* |
| R-B15 | a new account makes its slices due | tests/services/test_inventory.py, |
| | | test_a_new_account_makes_the_slice_of_its_namespace_due |
"""

import re
from dataclasses import replace

import pytest

from egress.domain.access import Inventory, NamespaceFacts, Protocol, Resolution
from egress.domain.manifests.check import check_object
from egress.domain.order import Direction, write_steps
from egress.domain.plan import plan
from egress.domain.posture import Read
from egress.domain.render import CannotRender, render_what_can
from tests.domain.examples import CLUSTER, findings, grant, reasons, to
from tests.domain.manifests.check.written import changed, refusal
from tests.domain.rule_examples import (
    AMBIENT,
    DATABASE,
    FIXED,
    GATEWAY,
    GRANTS,
    HOST,
    ORIGINATED,
    RANGE,
    client_rules,
    every_mesh,
    foreign,
    listed,
    of,
    posture,
    rendered,
    spec,
)


def test_r_a1_one_entry_for_a_namespace_and_host_holds_all_ports() -> None:
    for cluster in (CLUSTER, GATEWAY, AMBIENT):
        entries = of(rendered(cluster), "ServiceEntry")
        places = [(e["metadata"]["namespace"], e["spec"]["hosts"][0]) for e in entries]
        assert len(set(places)) == len(places)
    own = next(e for e in of(rendered(CLUSTER), "ServiceEntry") if len(e["spec"]["ports"]) > 1)
    assert [port["number"] for port in own["spec"]["ports"]] == [80, 443, 8080]


def test_r_a2_every_export_is_explicit_and_never_to_all() -> None:
    for obj in every_mesh():
        if obj["kind"] in ("ServiceEntry", "VirtualService", "DestinationRule"):
            assert obj["spec"]["exportTo"], obj
            assert "*" not in obj["spec"]["exportTo"], obj
    assert refusal(changed("entry", "spec/exportTo", None))
    assert refusal(changed("entry", "spec/exportTo", ["*"]))


def test_r_a3_a_foreign_entry_for_the_host_blocks_it() -> None:
    theirs = foreign("ServiceEntry", hosts=[HOST], exportTo=["*"], ports=[])
    blocking = [row for row in posture(Read.SERVICE_ENTRY, theirs) if row.level == "block"]
    assert [row.host for row in blocking if row.id == "PF4"] == [HOST]


def test_r_a4_resolution_and_location_are_always_written() -> None:
    for entry in of(every_mesh(), "ServiceEntry"):
        assert {"resolution", "location"} <= set(entry["spec"])
    assert "resolution" in refusal(changed("entry", "spec/resolution", None))
    assert "location" in refusal(changed("entry", "spec/location", None))


def test_r_a5_none_needs_addresses_and_no_name_that_a_client_can_choose() -> None:
    entry = spec(rendered(CLUSTER, [grant(RANGE)]), "ServiceEntry", "")
    assert (entry["resolution"], entry["addresses"]) == ("NONE", ["203.0.113.0/24"])
    assert entry["hosts"] == ["cidr-203-0-113-0-24.egress-portal.internal"]
    assert "exactly one" in refusal(changed("entry-of-a-range", "spec/addresses", []))
    assert "chosen" in refusal(changed("entry-of-a-range", "spec/hosts", [HOST]))
    with pytest.raises(CannotRender, match="HTTP"):
        rendered(CLUSTER, [grant(replace(RANGE, protocol=Protocol.HTTP, port=80))])


def test_r_a6_round_robin_is_an_option_of_a_destination_and_has_no_endpoints() -> None:
    long_lived = replace(DATABASE, resolution=Resolution.DNS_ROUND_ROBIN)
    entry = spec(rendered(CLUSTER, [grant(long_lived)]), "ServiceEntry", "")
    assert (entry["resolution"], entry.get("endpoints")) == ("DNS_ROUND_ROBIN", None)
    two = [{"address": "a.example.com"}, {"address": "b.example.com"}]
    assert "do not go" in refusal(changed("entry-being-made", "spec/endpoints", two))


def test_r_a7_tcp_by_name_needs_dns_capture_or_addresses() -> None:
    for cluster in (CLUSTER, GATEWAY):
        without = replace(cluster, dns_capture=False)
        with pytest.raises(CannotRender) as caught:
            rendered(without, [grant(DATABASE)])
        assert caught.value.reason == "DnsCaptureOff"
        assert of(rendered(without, [grant(FIXED)]), "ServiceEntry")


def test_r_a8_tcp_by_name_is_created_for_nobody_and_opened_when_it_has_an_address() -> None:
    (wanted,) = of(rendered(CLUSTER, [grant(DATABASE)]), "ServiceEntry")
    steps = write_steps(plan([wanted], [], {}, installation=CLUSTER.installation))
    written = [(s.obj["spec"]["exportTo"], s.awaits_address) for s in steps if s.obj]
    assert written == [(["~"], False), (["."], True)]
    assert [check_object(step.obj) for step in steps if step.obj] == [[], []]
    assert {step.direction for step in steps} == {Direction.IN}


def test_r_a9_with_dns_capture_the_other_ports_of_a_host_are_spoken_of() -> None:
    capturing = replace(CLUSTER, dns_capture=True)
    assert "OtherPortsClose" in reasons(findings(DATABASE, cluster=capturing))


def test_r_a10_a_namespace_has_one_sidecar_and_it_selects_nothing() -> None:
    sidecars = of(rendered(CLUSTER), "Sidecar")
    assert [s["metadata"]["namespace"] for s in sidecars] == ["default", "otherns"]
    assert {s["metadata"]["name"] for s in sidecars} == {"default"}
    picky = changed("sidecar", "spec/workloadSelector", {"labels": {"app": "web"}})
    assert "workloadSelector" in refusal(picky)


def test_r_a11_a_sidecar_for_some_pods_is_named() -> None:
    theirs = foreign("Sidecar", workloadSelector={"labels": {"app": "web"}})
    (row,) = [r for r in posture(Read.SIDECAR, theirs) if r.id == "PF6"]
    assert (row.level, row.object) == ("warn", "Sidecar default/theirs")


def test_r_a12_the_outbound_mode_is_always_written() -> None:
    for sidecar in of(rendered(CLUSTER), "Sidecar"):
        assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
    assert refusal(changed("sidecar", "spec/outboundTrafficPolicy", {}))


def test_r_b1_a_client_namespace_has_one_rule_for_a_gateway_and_nobody_else_sees_it() -> None:
    rules = client_rules()
    assert [rule["spec"]["exportTo"] for rule in rules] == [["default"], ["otherns"]]
    assert len({rule["spec"]["host"] for rule in rules}) == 1
    assert "exportTo" in refusal(changed("client-rule", "spec/exportTo", ["otherns", "default"]))


def test_r_b2_every_subset_says_its_outer_sni() -> None:
    subsets = [subset for rule in client_rules() for subset in rule["spec"]["subsets"]]
    sni = {subset["trafficPolicy"]["tls"]["sni"] for subset in subsets}
    assert sni == {
        "http.egress-portal.internal",
        "p443.default.api.example.com",
        "p443.otherns.api.example.com",
        "p5432.otherns.db.example.net",
    }
    assert refusal(changed("client-rule", "spec/subsets/0/trafficPolicy/tls/sni", None))


def test_r_b3_subsets_have_no_labels() -> None:
    subsets = [subset for rule in client_rules() for subset in rule["spec"]["subsets"]]
    assert all(set(subset) == {"name", "trafficPolicy"} for subset in subsets)
    assert "labels" in refusal(changed("client-rule", "spec/subsets/1/labels", {"app": "x"}))


def test_r_b4_where_a_tenant_hides_our_rule_it_lies_in_the_client_namespace() -> None:
    theirs = foreign("DestinationRule", host="*.svc.cluster.local")
    blocking = [r for r in posture(Read.DESTINATION_RULE, theirs, GATEWAY) if r.level == "block"]
    assert "PF5" in {row.id for row in blocking}
    rules = client_rules(replace(GATEWAY, rules_at_clients=True))
    assert [rule["metadata"]["namespace"] for rule in rules] == ["default", "otherns"]
    assert [rule["spec"]["exportTo"] for rule in rules] == [["."], ["."]]


def test_r_b5_a_shared_entry_has_every_approved_port_and_is_never_none() -> None:
    entry = next(e["spec"] for e in of(rendered(GATEWAY), "ServiceEntry") if HOST in str(e))
    assert [port["number"] for port in entry["ports"]] == [80, 443, 8080]
    with pytest.raises(CannotRender):
        rendered(GATEWAY, [grant(RANGE)])


def test_r_b6_origination_declares_port_80_alone() -> None:
    entry = spec(rendered(GATEWAY, [grant(ORIGINATED)]), "ServiceEntry", "")
    port = {"number": 80, "name": "http-80", "protocol": "HTTP", "targetPort": 443}
    assert entry["ports"] == [port]
    for cluster in (CLUSTER, GATEWAY, AMBIENT):
        with pytest.raises(CannotRender, match="port 80"):
            rendered(cluster, [grant(replace(ORIGINATED, port=8080))])


def test_r_b7_every_port_of_a_shared_entry_has_a_route_to_the_gateway() -> None:
    objects = rendered(GATEWAY)
    for entry in of(objects, "ServiceEntry"):
        leg = spec(objects, "VirtualService", f"{entry['metadata']['name']}-mesh")
        routes = [route for kind in ("http", "tls", "tcp") for route in leg.get(kind, [])]
        routed = sorted(route["match"][0]["port"] for route in routes)
        assert routed == [port["number"] for port in entry["spec"]["ports"]]


def test_r_b8_the_gateway_sees_one_spelling_of_an_authority() -> None:
    routes = spec(rendered(GATEWAY, GRANTS[:2]), "VirtualService", "-mesh")["http"]
    assert [route["rewrite"]["authority"] for route in routes] == [HOST, f"{HOST}:8080"]


def test_r_b9_a_route_at_clients_is_seen_by_granted_namespaces_only() -> None:
    objects = rendered(GATEWAY)
    for leg in of(objects, "VirtualService", "-mesh"):
        name = leg["metadata"]["name"].removesuffix("-mesh")
        entry = spec(objects, "ServiceEntry", name)
        assert entry["exportTo"] == [".", *leg["spec"]["exportTo"]]
    assert '"*"' in refusal(changed("to-the-gateway", "spec/exportTo", ["*"]))


def test_r_b10_no_spelling_of_a_host_reaches_another_port() -> None:
    alone = spec(rendered(GATEWAY, [grant(ORIGINATED)]), "VirtualService", "-http")
    assert ["match" in route for route in alone["http"]] == [False]
    both = spec(rendered(GATEWAY, GRANTS[:2]), "VirtualService", "-http")["http"]
    patterns = {r["name"]: r["match"][0]["authority"]["regex"] for r in both}

    def taken(authority: str) -> list[str]:
        return [name for name, pattern in patterns.items() if re.fullmatch(pattern, authority)]

    assert [taken(text) for text in (HOST, HOST.upper(), f"{HOST}:80")] == [["p80"]] * 3
    assert [taken(text) for text in (f"{HOST}:8080", f"{HOST.upper()}:8080")] == [["p8080"]] * 2
    assert [taken(text) for text in (f"{HOST}:443", "apixexample.com", f"x.{HOST}")] == [[]] * 3


def test_r_b11_all_doors_of_a_destination_lead_to_it_and_nowhere_else() -> None:
    leg = spec(rendered(GATEWAY), "VirtualService", "-p443")
    assert leg["hosts"] == ["p443.default.api.example.com", "p443.otherns.api.example.com"]
    assert leg["tcp"] == [
        {
            "match": [{"port": 443}],
            "route": [{"destination": {"host": HOST, "port": {"number": 443}}}],
        }
    ]


def test_r_b12_headers_of_the_mesh_stay_inside() -> None:
    (route,) = spec(rendered(GATEWAY, [grant(ORIGINATED)]), "VirtualService", "-http")["http"]
    removed = set(route["headers"]["request"]["remove"])
    assert {"x-forwarded-client-cert", "x-envoy-external-address"} <= removed
    assert len(removed) == 8
    assert "x-request-id" not in removed


def test_r_b13_originated_tls_asks_for_a_name_and_compares_it() -> None:
    for cluster in (CLUSTER, GATEWAY, AMBIENT):
        rule = spec(rendered(cluster, [grant(ORIGINATED)]), "DestinationRule", "-orig")
        (setting,) = rule["trafficPolicy"]["portLevelSettings"]
        assert setting["tls"] == {"mode": "SIMPLE", "sni": HOST, "subjectAltNames": [HOST]}
    at = "spec/trafficPolicy/portLevelSettings/0/tls"
    assert refusal(changed("origination", f"{at}/subjectAltNames", None))
    assert refusal(changed("origination", f"{at}/sni", None))


def test_r_b14_a_door_names_identities_of_its_namespace_in_the_real_trust_domain() -> None:
    corp = replace(GATEWAY, trust_domain="corp.example", trust_domain_aliases=("old.example",))
    grants = [grant(to(HOST), "default", "billing"), grant(to(HOST), "otherns", "billing")]
    assert listed(corp, grants) == [
        [f"spiffe://{domain}/ns/{name}/sa/billing" for domain in ("corp.example", "old.example")]
        for name in ("default", "otherns")
    ]
    foreign_id = "spiffe://cluster.local/ns/otherns/sa/web"
    assert refusal(changed("doors", "spec/servers/0/tls/subjectAltNames/0", foreign_id))


def test_r_b15_a_namespace_grant_lists_every_service_account() -> None:
    assert listed(GATEWAY, [grant(to(HOST))]) == [
        [f"spiffe://cluster.local/ns/default/sa/{name}" for name in ("billing", "default")]
    ]


def test_r_b16_no_door_is_ever_empty_or_unverified() -> None:
    nobody = Inventory({"default": NamespaceFacts("default")})
    held = render_what_can(GATEWAY, nobody, [grant(to(HOST))])
    assert (held.objects, [r.reason for r in held.refused]) == ([], ["DoorWithoutIdentities"])
    assert "empty list" in refusal(changed("doors", "spec/servers/0/tls/subjectAltNames", []))
    assert refusal(changed("doors", "spec/servers/0/tls/insecureSkipVerify", True))
