"""What a single enforcement has no way for."""

from dataclasses import replace

import pytest

from egress.domain.access import (
    Destination,
    Enforcement,
    GatewayProfile,
    Protocol,
)
from tests.domain.examples import grant, inventory, namespace, to
from tests.domain.refusals.examples import TLS_WILDCARDS, originated, profile, reasons

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
SIDECAR, GATEWAY, AMBIENT = Enforcement.SIDECAR, Enforcement.GATEWAY, Enforcement.AMBIENT
LONG = ".".join(["x" * 60] * 4) + ".com"

ONE_ADDRESS = replace(to("203.0.113.13/32", 5432, TCP), alias="old-db")
BY_ENFORCEMENT = [
    (SIDECAR, to("*.example.com", 80, HTTP), "DestinationNotSupported"),
    (SIDECAR, to("*.example.com"), None),
    (SIDECAR, to("203.0.113.0/24"), None),
    (SIDECAR, ONE_ADDRESS, None),
    (SIDECAR, originated(5432), None),
    (GATEWAY, to("*.example.com"), "DestinationNotSupported"),
    (GATEWAY, to("203.0.113.0/24"), "DestinationNotSupported"),
    (GATEWAY, ONE_ADDRESS, "DestinationNotSupported"),
    (GATEWAY, originated(5432), "AliasNotSupported"),
    (GATEWAY, replace(to("a.example.com", 80, HTTP), alias="mirror"), None),
    (GATEWAY, to(LONG[:240] + ".com"), "DoorNameTooLong"),
    (GATEWAY, to(LONG[:240] + ".com", 80, HTTP), None),
    (AMBIENT, to("203.0.113.0/24"), "DestinationNotSupported"),
    (AMBIENT, ONE_ADDRESS, "DestinationNotSupported"),
    (AMBIENT, originated(5432), "AliasNotSupported"),
    (AMBIENT, replace(to("a.example.com", 80, HTTP), alias="mirror"), "AliasNotSupported"),
    (AMBIENT, to("*.example.com"), None),
    (AMBIENT, to("*.example.com", 80, HTTP), None),
]


@pytest.mark.parametrize(("enforcement", "destination", "reason"), BY_ENFORCEMENT)
def test_each_enforcement_refuses_what_it_has_no_way_for(
    enforcement: Enforcement, destination: Destination, reason: str | None
) -> None:
    cluster = profile(enforcement, istio_version="1.31.0", flags=TLS_WILDCARDS)
    assert reasons(grant(destination), cluster=cluster) == ([reason] if reason else [])


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_a_flag_is_on_however_it_is_spelled(value: str) -> None:
    flags = dict.fromkeys(TLS_WILDCARDS, value)
    cluster = profile(AMBIENT, istio_version="1.31.0", flags=flags)
    assert reasons(grant(to("*.example.com")), cluster=cluster) == []


@pytest.mark.parametrize(
    ("enforcement", "destination", "version", "flags"),
    [
        (SIDECAR, to("*.example.com"), "1.29.9", {}),
        (SIDECAR, to("*.example.com"), "1.30.0-rc.1", {}),
        (SIDECAR, to("*.example.com"), "", {}),
        (AMBIENT, to("*.example.com", 80, HTTP), "1.27.5", {}),
        (AMBIENT, to("*.example.com"), "1.28.9", TLS_WILDCARDS),
        (AMBIENT, to("*.example.com"), "1.31.0", {}),
    ],
)
def test_wildcards_need_a_mesh_that_resolves_them(
    enforcement: Enforcement, destination: Destination, version: str, flags: dict[str, str]
) -> None:
    cluster = profile(enforcement, istio_version=version, flags=flags)
    assert reasons(grant(destination), cluster=cluster) == ["DestinationNotSupported"]


def test_accounts_are_refused_where_nothing_checks_them() -> None:
    asked = grant(to("a.example.com"), "default", "billing")
    assert reasons(asked) == ["ServiceAccountNotEnforced"]
    for enforcement in (GATEWAY, AMBIENT):
        assert reasons(asked, cluster=profile(enforcement)) == []


def test_a_door_needs_somebody_to_let_in() -> None:
    empty = inventory(namespace("default", service_accounts={}))
    whole, one = grant(to("a.example.com")), grant(to("b.example.com"), "default", "web")
    http = grant(to("a.example.com", 80, HTTP))
    assert reasons(whole, one, http, cluster=profile(GATEWAY), known=empty) == [
        "DoorWithoutIdentities"
    ]
    unknown = grant(to("a.example.com"), "nowhere")
    assert reasons(unknown, cluster=profile(GATEWAY)) == ["DoorWithoutIdentities"]


def test_a_host_of_an_unknown_gateway_is_refused_alone() -> None:
    cluster = profile(GATEWAY, gateways=(GatewayProfile(),), assignments={"a.example.com": "gone"})
    grants = [grant(to("a.example.com", 80, HTTP)), grant(to("b.example.com", 80, HTTP))]
    assert reasons(*grants, cluster=cluster) == ["GatewayUnknown"]


@pytest.mark.parametrize("enforcement", [SIDECAR, GATEWAY])
def test_tcp_by_name_is_refused_only_where_proxies_are_known_not_to_answer_dns(
    enforcement: Enforcement,
) -> None:
    database = to("db.example.net", 5432, TCP)
    by_address = replace(database, host="db2.example.net", addresses=("203.0.113.13",))
    grants = [grant(database), grant(by_address)]
    captures = profile(enforcement, dns_capture=False)
    assert reasons(*grants, cluster=captures) == ["DnsCaptureOff"]
    assert reasons(*grants, cluster=replace(captures, dns_capture=None)) == []
    own = inventory(namespace("default", dns_capture=True))
    assert reasons(*grants, cluster=captures, known=own) == []


def test_the_waypoint_answers_dns_whatever_sidecars_do() -> None:
    cluster = profile(AMBIENT, dns_capture=False)
    assert reasons(grant(to("db.example.net", 5432, TCP)), cluster=cluster) == []


def test_central_entries_need_default_deny() -> None:
    cluster = profile(central_entries=True)
    closed = inventory(namespace("default", default_deny=True), namespace("otherns"))
    grants = [grant(to("a.example.com")), grant(to("a.example.com"), "otherns")]
    assert reasons(*grants, cluster=cluster, known=closed) == ["DefaultDenyOff"]
    assert reasons(grant(ONE_ADDRESS, "otherns"), cluster=cluster, known=closed) == []
