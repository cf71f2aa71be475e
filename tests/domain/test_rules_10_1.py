"""The rows of istio.md 10.1 by name, in their order: what no ServiceEntry of ours may be.

Objects typed by hand, each with one thing changed, are refused for the reason of the row.
"""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.policies import Level
from tests.domain.examples import CLUSTER, findings, reasons
from tests.domain.rule_examples import DATABASE, Broken, assert_refused


def entry(*broken: tuple[str, Any, str]) -> Broken:
    """Changes to the spec of a plain entry."""
    return [("entry", f"spec/{path}", value, words) for path, value, words in broken]


def test_10_1_hosts_and_their_wildcards() -> None:
    assert_refused(entry(("hosts", [], "one host"), ("hosts", ["*"], "wildcard")))
    assert_refused([("entry-of-a-wildcard", "spec/hosts", ["*-x.example.com"], "wildcard")])


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("-a.example.com", "hyphen"),
        ("a-.example.com", "hyphen"),
        ("a_b.example.com", "underscore"),
        (f"{'x' * 64}.com", "more than 63"),
        (".".join(["x" * 60] * 5), "more than 253"),
        ("a.example.123", "number"),
    ],
)
def test_10_1_syntax_of_hosts(host: str, words: str) -> None:
    assert_refused(entry(("hosts", [host], words)))


def test_10_1_dns_without_endpoints_needs_a_full_name() -> None:
    assert_refused(entry(("hosts", ["short"], "no dot"), ("hosts", ["*.yahoo.com"], "wildcard")))
    assert_refused([("entry-being-made", "spec/hosts", ["*.example.net"], "wildcard")])


def test_10_1_round_robin_has_at_most_one_endpoint() -> None:
    two = [{"address": "a.example.com"}, {"address": "b.example.com"}]
    assert_refused([("entry-being-made", "spec/endpoints", two, "endpoints do not go")])


def test_10_1_none_has_no_endpoints_and_no_workload_selector() -> None:
    name = "entry-of-a-range"
    selector = {"labels": {"app": "web"}}
    assert_refused([(name, "spec/endpoints", [{"address": "203.0.113.1"}], "do not go")])
    assert_refused([(name, "spec/workloadSelector", selector, "workloadSelector")])


def test_10_1_dynamic_dns_is_for_wildcards_without_addresses() -> None:
    name = "entry-of-a-wildcard"
    assert_refused(
        [
            (name, "spec/hosts", ["a.example.com"], "is none"),
            (name, "spec/addresses", ["203.0.113.1"], "addresses do not go"),
            (name, "spec/endpoints", [{"address": "203.0.113.1"}], "endpoints do not go"),
            (name, "spec/ports/0/protocol", "HTTPS", "no protocol"),
            (name, "spec/ports/0/protocol", "TCP", "not written for a wildcard"),
            (name, "spec/location", "MESH_INTERNAL", "location"),
        ]
    )


def test_10_1_addresses_are_ip_addresses_and_ranges_go_with_none() -> None:
    name = "entry-with-addresses"
    many = [f"203.0.{a}.{b}" for a in range(2) for b in range(1, 200)]
    assert_refused(
        [
            (name, "spec/addresses", many, "one to 256"),
            (name, "spec/addresses/0", "db.example.net", "no IP address"),
            (name, "spec/addresses/0", "203.0.113.0/24", "no IP address"),
            ("entry", "spec/addresses", ["203.0.113.0/24"], "do not go"),
        ]
    )


def test_10_1_endpoints_are_the_addresses_and_nothing_else() -> None:
    name = "entry-with-addresses"
    assert_refused(
        [
            (name, "spec/endpoints/0/address", "db.example.net", "not its addresses"),
            (name, "spec/endpoints/0/ports", {"unknown": 1}, "not its addresses"),
            (name, "spec/workloadSelector", {"labels": {"a": "b"}}, "workloadSelector"),
        ]
    )


def test_10_1_ports_have_numbers_names_and_known_protocols() -> None:
    many = [{"number": n, "name": f"tls-{n}", "protocol": "TLS"} for n in range(1, 300)]
    assert_refused(
        entry(
            ("ports", many, "one to 256"),
            ("ports/0/number", 65536, "no port"),
            ("ports/1/number", 80, "same number"),
            ("ports/1/name", "http-80", "same name"),
            ("ports/0/name", "HTTP_80", "does not follow"),
            ("ports/0/protocol", "UDP", "no protocol"),
            ("ports/0/targetPort", 0, "targetPort"),
        )
    )


def test_10_1_several_hosts_never_share_an_entry() -> None:
    assert_refused([("entry-being-made", "spec/hosts", ["db.example.net", "b.net"], "one host")])


def test_10_1_tcp_without_addresses_and_without_allocation() -> None:
    without = replace(CLUSTER, dns_capture=False)
    assert "DnsCaptureOff" in reasons(findings(DATABASE, cluster=without), Level.BLOCK)


def test_10_1_export_to_has_no_duplicates_and_no_mixed_signs() -> None:
    assert_refused(
        entry(
            ("exportTo", [".", "otherns", "otherns"], "twice"),
            ("exportTo", [".", "istio-egress"], "twice"),
            ("exportTo", ["*", "otherns"], '"*"'),
            ("exportTo", ["~", "."], "no namespace"),
            ("exportTo", [".", "Not_A_Namespace"], "no namespace"),
        )
    )


def test_10_1_portal_one_host_and_everything_explicit() -> None:
    assert_refused(
        entry(
            ("hosts", ["developer.yahoo.com", "b.example.com"], "exactly one host"),
            ("resolution", None, "resolution"),
            ("location", None, "location"),
            ("exportTo", None, "exportTo"),
            ("ports/0/protocol", None, "no protocol"),
            ("exportTo", ["*"], '"*"'),
        )
    )
