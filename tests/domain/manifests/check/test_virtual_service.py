"""Routes lead clients to the gateway only, and the gateway to the one destination they name."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

MESH, DOORS, HTTP = "to-the-gateway", "behind-the-doors", "behind-http"
TWO = "behind-http-of-two-ports"
GATEWAY = "spec/http/0/route/0/destination"

CASES: list[tuple[str, str, Any, str]] = [
    (MESH, "spec/exportTo", ["*"], '"*"'),
    (MESH, "spec/exportTo", ["~"], '"~"'),
    (MESH, "spec/exportTo", [], "empty"),
    (MESH, "spec/exportTo", None, "malformed"),
    (MESH, "spec/exportTo", ["."], "no client namespace"),
    (MESH, "spec/exportTo", ["istio-egress"], "no client namespace"),
    (MESH, "spec/exportTo", ["default", "default"], "twice"),
    (MESH, "spec/gateways", ["mesh", "istio-egress/egress-http"], '"mesh"'),
    (MESH, "spec/gateways", None, '"mesh"'),
    (MESH, "spec/hosts", [], "exactly one host"),
    (MESH, "spec/hosts", ["developers.google.com", "b.example.com"], "exactly one host"),
    (MESH, "spec/hosts", ["*"], "wildcard"),
    (MESH, "spec/hosts", ["b.example.com"], "does not follow"),
    (MESH, f"{GATEWAY}/host", "developers.google.com", "past the gateway"),
    (MESH, f"{GATEWAY}/host", "egressgateway", "past the gateway"),
    (MESH, f"{GATEWAY}/host", "egressgateway.tenant.svc.cluster.local", "past the gateway"),
    (MESH, f"{GATEWAY}/host", "other.istio-egress.svc.cluster.local", "more than one gateway"),
    (MESH, f"{GATEWAY}/port", None, "malformed"),
    (MESH, f"{GATEWAY}/port/number", 443, "different ports"),
    (MESH, f"{GATEWAY}/subset", None, "subset"),
    (MESH, f"{GATEWAY}/subset", "p443-1a7d7b4541", "subset"),
    (MESH, "spec/http/0/match", [{"port": 80}, {"port": 81}], "does not match one port"),
    (MESH, "spec/http/0/match", [{"port": 80, "uri": {"prefix": "/"}}], "does not match one port"),
    (MESH, "spec/http/0/match", [{"port": 0}], "does not match one port"),
    (MESH, "spec/http/0/match", None, "malformed"),
    (MESH, "spec/http/0/name", "p81", "another name"),
    (MESH, "spec/http/0/rewrite", None, "one authority"),
    (MESH, "spec/http/0/rewrite/authority", "developers.google.com:80", "one authority"),
    (MESH, "spec/http/1/rewrite/authority", "developers.google.com", "one authority"),
    (MESH, "spec/http/0/rewrite/uri", "/", "one authority"),
    (MESH, "spec/http/0/headers", {"request": {"set": {"host": "x"}}}, "headers"),
    (MESH, "spec/http/0/retries", {"attempts": 9, "retryOn": "x"}, "retries"),
    (MESH, "spec/http/0/route/0/weight", 50, "exactly one destination"),
    (MESH, "spec/http/0/route", [], "exactly one destination"),
    (MESH, "spec/http/1/match/0/port", 80, "same port"),
    (MESH, "spec/tls/0/match/0/sniHosts", ["*"], "the host as SNI"),
    (MESH, "spec/tls/0/match/0/sniHosts", [], "the host as SNI"),
    (MESH, "spec/tls/0/match/0/sniHosts", ["b.example.com"], "the host as SNI"),
    (MESH, "spec/tls/0/match/0/port", 80, "same port"),
    (MESH, "spec/tls/0/route/0/destination/subset", "http", "subset"),
    (MESH, "spec/tls/0/route/0/destination/port/number", 80, "different ports"),
    (MESH, "spec/tcp/0/route/0/destination/subset", "p443-1a7d7b4541", "subset"),
    (MESH, "spec/tcp/0/match/0/destinationSubnets", ["10.0.0.0/8"], "does not match one port"),
    (MESH, "spec/http", [], "is empty"),
    (DOORS, "spec/exportTo", [".", "default"], "exactly"),
    (DOORS, "spec/exportTo", ["*"], '"*"'),
    (DOORS, "spec/gateways", ["mesh"], "its own doors"),
    (DOORS, "spec/gateways", ["tenant/eg-developers-google-com-1a7d7b4541-p443"], "its own doors"),
    (DOORS, "spec/gateways", ["istio-egress/egress-http"], "its own doors"),
    (DOORS, "spec/hosts", [], "first host is no door"),
    (DOORS, "spec/hosts/0", "developers.google.com", "first host is no door"),
    (DOORS, "spec/hosts/1", "p80.otherns.developers.google.com", "doors of one destination"),
    (DOORS, "spec/hosts/1", "p443.default.developers.google.com", "each once"),
    (DOORS, "spec/tcp/0/route/0/destination/host", "b.example.com", "leads elsewhere"),
    (DOORS, "spec/tcp/0/route/0/destination/port/number", 22, "leads elsewhere"),
    (DOORS, "spec/tcp/0/route/0/destination/subset", "x", "leads elsewhere"),
    (DOORS, "spec/tcp/0/match", [{"port": 443, "gateways": ["mesh"]}], "one port of the doors"),
    (DOORS, "spec/tcp/0/match", None, "malformed"),
    (DOORS, "spec/tcp", [], "is empty"),
    (DOORS, "spec/tls", [{"match": [{"port": 443, "sniHosts": ["a.b"]}]}], "tls"),
    (HTTP, "spec/exportTo", ["otherns"], "exactly"),
    (HTTP, "spec/gateways", ["mesh"], "not bound"),
    (HTTP, "spec/gateways", ["tenant/egress-http"], "not bound"),
    (HTTP, "spec/gateways", ["istio-egress/egress-http", "mesh"], "not bound"),
    (HTTP, "spec/hosts", ["*.yahoo.com"], "wildcard"),
    (HTTP, "spec/hosts", [], "exactly one host"),
    (HTTP, "spec/http/0/route/0/destination/host", "b.example.com", "something else"),
    (HTTP, "spec/http/0/route/0/destination/port/number", 8080, "another name"),
    (HTTP, "spec/http/0/name", None, "another name"),
    (HTTP, "spec/http/0/headers", None, "host outside would see"),
    (HTTP, "spec/http/0/headers/request/remove/6", None, "x-envoy-external-address"),
    (HTTP, "spec/http/0/headers/request/remove/8", "x-request-id", "may have set"),
    (HTTP, "spec/http/0/headers/request/add", {"x": "y"}, "add"),
    (HTTP, "spec/http/0/headers/response", {}, "response"),
    (HTTP, "spec/http/0/mirror", {"host": "a.b"}, "mirror"),
    (TWO, "spec/http/0/match", None, "other authorities"),
    (TWO, "spec/http/1/match", None, "other authorities"),
    (TWO, "spec/http/1/match/0/authority", {"exact": "developer.yahoo.com:8080"}, "other auth"),
    (TWO, "spec/http/1/match/0/authority/regex", r"developer\.yahoo\.com:8080", "other auth"),
    (TWO, "spec/http/1/match/0/authority/regex", "(?i)developer.yahoo.com:8080", "other auth"),
    (TWO, "spec/http/1/route/0/destination/port/number", 80, "same port"),
    (TWO, "spec/http/1/route", [], "that is no port"),
    (TWO, "spec/http/1/name", "p80", "another name"),
    (TWO, "spec/gateways", ["istio-egress/egress-http-long"], "not bound"),
    ("alias-route", "spec/hosts", ["archive.ubuntu.com", "os-mirror"], "exactly one host"),
    ("alias-route", "spec/http/1", {"match": [{"port": 80}]}, "same port"),
    ("alias-route", "spec/http/0/match", [], "does not match one port"),
    ("alias-route", "spec/exportTo", ["default"], "exactly"),
    ("alias-route", "spec/http/0/rewrite/authority", "os-mirror", "one authority"),
    ("alias-route", "spec/http/0/route/0/destination/port/number", 443, "own port"),
    ("alias-route", "spec/http/0/route/0/destination/host", "b.example.com", "own port"),
    ("alias-route", "spec/gateways", ["istio-egress/egress-http"], '"mesh"'),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_one_route_of_two_may_be_gone_already() -> None:
    assert refusal(changed(TWO, "spec/http/1", None)) == ""
    assert refusal(changed(TWO, "spec/http/0", None)) == ""


def test_both_families_in_one_port_of_the_gateway_are_refused() -> None:
    obj = changed(MESH, "spec/tcp", None)
    assert refusal(obj) == ""
    obj = changed(MESH, "spec/http/1", None)
    obj["spec"].pop("tcp")
    obj["spec"]["tls"][0]["route"][0]["destination"]["port"]["number"] = 80
    assert "both families" in refusal(obj)


def test_a_route_to_a_single_other_port_needs_its_match() -> None:
    obj = changed(HTTP, "spec/http/0/route/0/destination/port/number", 8080)
    obj["spec"]["http"][0]["name"] = "p8080"
    assert "other authorities" in refusal(obj)
