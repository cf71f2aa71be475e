"""HTTP through the egress gateway, decided per request (istio.md 3.6, 3.7)."""

import re

import pytest

from egress.domain.naming import base
from tests.domain.enforcements.gateway_examples import HTTP, HTTP2, MIXED, admitted, objects, spec
from tests.domain.examples import grant, to


def test_r_b10_one_port_80_needs_no_match() -> None:
    found = objects(grant(to("api.example.com", 80, HTTP)))
    (route,) = spec(found, "VirtualService", f"{base('api.example.com')}-http")["http"]
    assert "match" not in route


@pytest.mark.parametrize(
    ("asked", "ports"),
    [
        ("api.example.com", [80]),
        ("API.example.COM:80", [80]),
        ("api.example.com:8080", [8080]),
        ("API.EXAMPLE.COM:8080", [8080]),
        ("api.example.com:443", []),
        ("apixexample.com:8080", []),
        ("api.example.com:8080.evil.example", []),
        ("evil-api.example.com", []),
    ],
)
def test_r_b10_several_ports_are_told_apart_whatever_the_case(asked: str, ports: list[int]) -> None:
    found = objects(*MIXED)
    routes = spec(found, "VirtualService", f"{base('api.example.com')}-http")["http"]
    assert [
        route["route"][0]["destination"]["port"]["number"]
        for route in routes
        if re.fullmatch(route["match"][0]["authority"]["regex"], asked)
    ] == ports


def test_r_b10_a_single_port_other_than_80_is_matched_too() -> None:
    found = objects(grant(to("api.example.com", 8080, HTTP2)))
    (route,) = spec(found, "VirtualService", f"{base('api.example.com')}-http")["http"]
    assert route["match"] == [{"authority": {"regex": r"(?i)api\.example\.com:8080"}}]


def test_r_b12_nothing_about_the_calling_pod_leaves_the_mesh() -> None:
    routes = spec(objects(*MIXED), "VirtualService", f"{base('api.example.com')}-http")["http"]
    for route in routes:
        removed = route["headers"]["request"]["remove"]
        assert {"x-forwarded-client-cert", "x-envoy-external-address"} <= set(removed)
        assert "x-request-id" not in removed
        assert len(set(removed)) == 8


def test_a_hosts_policy_admits_each_ports_subjects_to_that_port_alone() -> None:
    assert admitted(objects(*MIXED), "api.example.com") == [
        (
            ["cluster.local/ns/default/sa/web", "cluster.local/ns/otherns/sa/*"],
            ["api.example.com", "api.example.com:80"],
        ),
        (["cluster.local/ns/default/sa/*"], ["api.example.com:8080"]),
    ]


def test_a_policy_names_the_container_port_and_only_this_gateways_pods() -> None:
    found = objects(grant(to("api.example.com", 80, HTTP)))
    policy = spec(found, "AuthorizationPolicy", base("api.example.com"))
    assert policy["selector"] == {"matchLabels": {"istio": "egressgateway"}}
    assert policy["action"] == "ALLOW"
    assert policy["rules"][0]["to"][0]["operation"]["ports"] == ["8080"]


def test_a_tls_grant_has_no_policy_of_its_own() -> None:
    assert ("AuthorizationPolicy", base("api.example.com")) not in objects(
        grant(to("api.example.com"))
    )
