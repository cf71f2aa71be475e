"""An entry shows one host to the namespaces it names, resolved in the one way that fits it."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

CASES: list[tuple[str, str, Any, str]] = [
    ("entry", "spec/exportTo", ["*"], '"*"'),
    ("entry", "spec/exportTo", [".", "*"], '"*"'),
    ("entry", "spec/exportTo", [], 'neither "."'),
    ("entry", "spec/exportTo", ["otherns"], 'neither "."'),
    ("entry", "spec/exportTo", ["~", "otherns"], 'neither "."'),
    ("entry", "spec/exportTo", [".", "otherns", "otherns"], "twice"),
    ("entry", "spec/exportTo", [".", "istio-egress"], "twice"),
    ("entry", "spec/exportTo", [".", "Other NS"], "no namespace"),
    ("entry", "spec/exportTo", None, "malformed"),
    ("entry", "spec/exportTo", ".", "malformed"),
    ("entry", "spec/location", "MESH_INTERNAL", "location"),
    ("entry", "spec/resolution", "EDS", "resolution"),
    ("entry", "spec/resolution", None, "resolution"),
    ("entry", "spec/resolution", "NONE", "malformed"),
    ("entry", "spec/resolution", "DYNAMIC_DNS", "is none"),
    ("entry", "spec/hosts", [], "exactly one host"),
    ("entry", "spec/hosts", ["developer.yahoo.com", "b.example.com"], "exactly one host"),
    ("entry", "spec/hosts", ["*.yahoo.com"], "*"),
    ("entry", "spec/hosts", ["Developer.Yahoo.com"], "not spelled"),
    ("entry", "spec/hosts", ["10.0.0.1"], "IP address"),
    ("entry", "spec/hosts", ["under_score.example.com"], "underscore"),
    ("entry", "spec/hosts", ["b.example.com"], "does not follow from its host"),
    ("entry", "spec/addresses", ["10.0.0.0/8"], "do not go with"),
    ("entry", "spec/endpoints", [{"address": "1.2.3.4"}], "do not go with"),
    ("entry", "spec/workloadSelector", {"labels": {"a": "b"}}, "workloadSelector"),
    ("entry", "spec/subjectAltNames", ["a.example.com"], "subjectAltNames"),
    ("entry", "spec/ports", [], "one to 256 ports"),
    ("entry", "spec/ports/0/number", 0, "no port"),
    ("entry", "spec/ports/0/number", 65536, "no port"),
    ("entry", "spec/ports/0/number", True, "no port"),
    ("entry", "spec/ports/0/number", "80", "no port"),
    ("entry", "spec/ports/0/number", 443, "same number"),
    ("entry", "spec/ports/0/name", "tls-443", "same name"),
    ("entry", "spec/ports/0/name", "http-8080", "does not follow"),
    ("entry", "spec/ports/0/protocol", "UDP", "no protocol"),
    ("entry", "spec/ports/0/protocol", "HTTPS", "no protocol"),
    ("entry", "spec/ports/0/protocol", None, "no protocol"),
    ("entry", "spec/ports/0/targetPort", 22, "targetPort"),
    ("entry", "spec/ports/1/targetPort", 443, "targetPort"),
    ("entry", "spec/ports/1/endpointPort", 443, "endpointPort"),
    ("entry-with-addresses", "spec/addresses", [], "fixed addresses"),
    ("entry-with-addresses", "spec/addresses", ["203.0.113.13", "203.0.113.13"], "each once"),
    ("entry-with-addresses", "spec/addresses/0", "203.0.113.0/24", "no IP address"),
    ("entry-with-addresses", "spec/addresses/0", "2001:DB8::1", "not spelled"),
    ("entry-with-addresses", "spec/addresses/0", "169.254.169.254", "link-local"),
    ("entry-with-addresses", "spec/addresses/0", "168.63.129.16", "metadata"),
    ("entry-with-addresses", "spec/addresses/0", "::ffff:10.0.0.1", "reserved"),
    ("entry-with-addresses", "spec/endpoints/0/address", "198.51.100.9", "not its addresses"),
    ("entry-with-addresses", "spec/endpoints/0/ports", {"tcp-5432": 22}, "not its addresses"),
    ("entry-with-addresses", "spec/endpoints", None, "not its addresses"),
    ("entry-of-a-range", "spec/hosts", ["api.example.com"], "chosen by the client"),
    ("entry-of-a-range", "spec/addresses", None, "malformed"),
    ("entry-of-a-range", "spec/addresses", [], "exactly one address range"),
    ("entry-of-a-range", "spec/addresses", ["203.0.113.0/24", "198.51.100.0/24"], "exactly one"),
    ("entry-of-a-range", "spec/addresses", ["203.0.112.0/20"], "wider than /24"),
    ("entry-of-a-range", "spec/addresses", ["2001:db8::/32"], "wider than /48"),
    ("entry-of-a-range", "spec/addresses", ["2001:DB8:1::/48"], "not spelled"),
    ("entry-of-a-range", "spec/addresses", ["169.254.169.0/24"], "link-local"),
    ("entry-of-a-range", "spec/addresses", ["203.0.113.1/24"], "no address range"),
    ("entry-of-a-range", "spec/endpoints", [{"address": "203.0.113.1"}], "do not go with"),
    ("entry-of-a-range", "spec/ports/0/protocol", "HTTP", "not written for an address range"),
    ("entry-of-a-wildcard", "spec/hosts", ["*.com"], "dot"),
    ("entry-of-a-wildcard", "spec/hosts", ["*-x.example.com"], "wildcard"),
    ("entry-of-a-wildcard", "spec/hosts", ["*"], "wildcard"),
    ("entry-of-a-wildcard", "spec/resolution", "DNS", "wildcard"),
    ("entry-of-a-wildcard", "spec/addresses", ["203.0.113.13"], "do not go with"),
    ("entry-of-a-wildcard", "spec/endpoints", [{"address": "203.0.113.13"}], "do not go with"),
    ("entry-of-a-wildcard", "spec/ports/0/protocol", "TCP", "not written for a wildcard"),
    ("entry-of-a-wildcard", "spec/ports/0/protocol", "HTTP", "not written for a wildcard"),
    ("entry-behind-a-waypoint", "spec/exportTo", [".", "default"], "past it"),
    ("entry-behind-a-waypoint", "metadata/labels/istio.io~1use-waypoint", "W!", "no waypoint"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_a_waypoint_serves_no_address_range() -> None:
    label = "metadata/labels/istio.io~1use-waypoint"
    assert "No waypoint" in refusal(changed("entry-of-a-range", label, "egress-waypoint"))


def test_a_wildcard_of_http_is_for_waypoints_only() -> None:
    port = {"number": 80, "name": "http-80", "protocol": "HTTP"}
    assert "not written for a wildcard" in refusal(
        changed("entry-of-a-wildcard", "spec/ports/0", port)
    )


def test_no_tls_is_originated_for_a_wildcard() -> None:
    port = {"number": 80, "name": "http-80", "protocol": "HTTP", "targetPort": 443}
    assert "no name to ask for" in refusal(changed("entry-of-a-wildcard", "spec/ports/0", port))


@pytest.mark.parametrize("exported", [["."], ["~"], [".", "default"], [".", "default", "otherns"]])
def test_an_entry_may_be_on_its_way_to_more_namespaces(exported: list[str]) -> None:
    assert refusal(changed("entry", "spec/exportTo", exported)) == ""
