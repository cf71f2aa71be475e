"""Proxies speak to gateways by their own doors, and originate TLS with a name that is compared."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

RULE, CLIENT, FIXED = "origination", "client-rule", "address-rule"
SETTING = "spec/trafficPolicy/portLevelSettings/0"

CASES: list[tuple[str, str, Any, str]] = [
    (RULE, "spec/host", "*.yahoo.com", "wildcard"),
    (RULE, "spec/host", "b.example.com", "does not follow"),
    (RULE, "spec/exportTo", ["*"], "no namespace"),
    (RULE, "spec/exportTo", ["otherns"], 'no "."'),
    (RULE, "spec/exportTo", [".", "istio-egress"], "twice"),
    (RULE, "spec/exportTo", [], 'no "."'),
    (RULE, "spec/exportTo", None, "malformed"),
    (RULE, "spec/subsets", [], "subsets"),
    (RULE, "spec/workloadSelector", {"matchLabels": {"a": "b"}}, "workloadSelector"),
    (RULE, "spec/trafficPolicy/portLevelSettings", [], "no port level settings"),
    (RULE, "spec/trafficPolicy/tls", {"mode": "DISABLE"}, "tls"),
    (RULE, "spec/trafficPolicy/portLevelSettings/1", {"port": {"number": 80}}, "two settings"),
    (RULE, f"{SETTING}/tls/mode", "DISABLE", "not SIMPLE"),
    (RULE, f"{SETTING}/tls/mode", "MUTUAL", "not SIMPLE"),
    (RULE, f"{SETTING}/tls/sni", None, "not SIMPLE"),
    (RULE, f"{SETTING}/tls/sni", "b.example.com", "not SIMPLE"),
    (RULE, f"{SETTING}/tls/subjectAltNames", None, "not SIMPLE"),
    (RULE, f"{SETTING}/tls/subjectAltNames", [], "not SIMPLE"),
    (RULE, f"{SETTING}/tls/subjectAltNames", ["b.example.com"], "not SIMPLE"),
    (RULE, f"{SETTING}/tls/insecureSkipVerify", True, "not SIMPLE"),
    (RULE, f"{SETTING}/tls/caCertificates", "/etc/ca.pem", "not SIMPLE"),
    (RULE, f"{SETTING}/port/number", 443, "another port"),
    (RULE, f"{SETTING}/connectionPool", {}, "connectionPool"),
    (CLIENT, "spec/exportTo", ["*"], "exportTo"),
    (CLIENT, "spec/exportTo", ["."], "exportTo"),
    (CLIENT, "spec/exportTo", ["otherns", "default"], "exportTo"),
    (CLIENT, "spec/exportTo", [], "exportTo"),
    (CLIENT, "spec/host", "*.svc.cluster.local", "full name"),
    (CLIENT, "spec/host", "egressgateway", "full name"),
    (CLIENT, "spec/host", "egressgateway.tenant.svc.cluster.local", "neither in the client"),
    (CLIENT, "spec/trafficPolicy", {"tls": {"mode": "DISABLE"}}, "trafficPolicy"),
    (CLIENT, "spec/subsets", [], "no subset"),
    (CLIENT, "spec/subsets/1/name", "http", "two of one name"),
    (CLIENT, "spec/subsets/1/name", "p5432-1a7d7b4541", "not a door"),
    (CLIENT, "spec/subsets/1/labels", {"version": "v1"}, "labels"),
    (CLIENT, "spec/subsets/0/trafficPolicy/connectionPool", None, '"http"'),
    (CLIENT, "spec/subsets/0/trafficPolicy/tls/sni", None, '"http"'),
    (CLIENT, "spec/subsets/0/trafficPolicy/tls/mode", "SIMPLE", '"http"'),
    (CLIENT, "spec/subsets/1/trafficPolicy", {}, "malformed"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/sni", None, "not a door"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/sni", "db.example.net", "not a door"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/sni", "p5432.default.db.example.net", "not a door"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/sni", "p22.otherns.db.example.net", "not a door"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/mode", "DISABLE", "ISTIO_MUTUAL"),
    (CLIENT, "spec/subsets/1/trafficPolicy/tls/subjectAltNames", ["x"], "ISTIO_MUTUAL"),
    (CLIENT, "metadata/labels/egress-portal.io~1client", "default", "client namespace"),
    (CLIENT, "metadata/labels/egress-portal.io~1client", None, "does not follow"),
    (CLIENT, "metadata/name", "eg-client-long-otherns-2bee00e9ae", "client namespace"),
    (CLIENT, "metadata/name", "eg-client-default-37a8eec1ce", "client namespace"),
    (FIXED, "spec/host", "old-database.otherns.svc.cluster.local", "own namespace"),
    (FIXED, "spec/host", "other.default.svc.cluster.local", "own namespace"),
    (FIXED, "spec/host", "*.default.svc.cluster.local", "own namespace"),
    (FIXED, "spec/exportTo", ["*"], "exportTo"),
    (FIXED, "spec/trafficPolicy", {}, "says nothing"),
    (FIXED, "spec/trafficPolicy/tls/mode", "ISTIO_MUTUAL", "neither DISABLE"),
    (FIXED, "spec/trafficPolicy/tls", {"mode": "SIMPLE"}, "neither DISABLE"),
    (
        FIXED,
        "spec/trafficPolicy/tls",
        {"mode": "SIMPLE", "sni": "a.example.com"},
        "neither DISABLE",
    ),
    (FIXED, "spec/trafficPolicy", {"portLevelSettings": [{"port": {"number": 0}}]}, "no port"),
    (FIXED, "spec/trafficPolicy/loadBalancer", {}, "loadBalancer"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_with_central_entries_the_clients_originate_themselves() -> None:
    assert refusal(changed(RULE, "spec/exportTo", [".", "default", "otherns"])) == ""


def test_a_client_rule_may_lie_in_the_client_namespace_for_that_alone() -> None:
    obj = changed(CLIENT, "metadata/namespace", "otherns")
    assert "exportTo" in refusal(obj)
    obj["spec"]["exportTo"] = ["."]
    assert "exportTo" not in refusal(obj)


def test_a_client_rule_of_another_gateway_carries_its_id() -> None:
    assert refusal(changed(CLIENT, "metadata/name", "eg-client-b-otherns-2bee00e9ae")) == ""


def test_a_subset_may_be_gone_already() -> None:
    assert refusal(changed(CLIENT, "spec/subsets/0", None)) == ""


def test_the_sidecar_originates_to_fixed_addresses_with_the_name_of_their_certificate() -> None:
    name = "db.example.net"
    tls = {"mode": "SIMPLE", "sni": name, "subjectAltNames": [name]}
    assert refusal(changed(FIXED, "spec/trafficPolicy/tls", tls)) == ""
    by_port = {"portLevelSettings": [{"port": {"number": 5432}, "tls": tls}]}
    assert refusal(changed(FIXED, "spec/trafficPolicy", by_port)) == ""
