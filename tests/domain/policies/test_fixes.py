"""A fix that is offered mends what it stands beside."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from egress.domain.access import Destination, Protocol, Resolution, Subject
from egress.domain.policies import Fix, Limits, fixes_for, fixes_for_text
from tests.domain.examples import findings, grant, reasons, to
from tests.domain.policies.meshes import AMBIENT, CENTRAL, GATEWAY, SIDECAR, on

HTTP, TLS, GRPC, TCP = Protocol.HTTP, Protocol.TLS, Protocol.GRPC, Protocol.TCP
LIMITS = Limits()
HOST = "a.example.com"


def as_typed(destination: Destination, changes: Mapping[str, str]) -> Destination:
    """The destination after a fix was typed into its fields."""
    values: dict[str, Any] = dict(changes)
    for name, meaning in (("port", int), ("protocol", Protocol), ("tls_origination", bool)):
        if name in values:
            values[name] = meaning(values[name])
    if "addresses" in values:
        values["addresses"] = ()
    if "long_lived" in values:
        values.pop("long_lived")
        values["resolution"] = Resolution.DNS
    return replace(destination, **values)


@pytest.mark.parametrize(
    ("mesh", "destination", "reason"),
    [
        (SIDECAR, to(HOST, 443, HTTP), "HttpOnTlsPort"),
        (SIDECAR, to(HOST, 8443, GRPC), "HttpOnTlsPort"),
        (SIDECAR, to(HOST, 80, TLS), "TlsOnHttpPort"),
        (SIDECAR, to(HOST, 8080, TLS), "TlsOnHttpPort"),
        (SIDECAR, to(HOST, 80, HTTP), "ClearText"),
        (SIDECAR, to(HOST, 443, TLS, True), "OriginationNeedsHttp"),
        (SIDECAR, to(HOST, 8080, HTTP, True), "OriginationNeedsPort80"),
        (SIDECAR, to("*.example.com", 80, HTTP, True), "OriginationNeedsHost"),
        (SIDECAR, to(HOST, 443, TCP), "RawTcpOnWebPort"),
        (SIDECAR, to(HOST, 22, TLS), "ServerSpeaksFirst"),
        (SIDECAR, to(HOST, 5432, TLS), "TlsBeginsLater"),
        (SIDECAR, to("203.0.113.0/28", 80, HTTP), "AddressRangeNeedsTcp"),
        (SIDECAR, replace(to(HOST), alias="a-name"), "AliasNotSupported"),
        (SIDECAR, replace(to(HOST, 80, HTTP), alias="9-name"), "AliasMalformed"),
        (GATEWAY, replace(to("*.example.com"), addresses=("8.8.8.8",)), "AddressesNotSupported"),
        (
            AMBIENT,
            replace(to("*.example.com"), resolution=Resolution.DNS_ROUND_ROBIN),
            "LongLivedNotSupported",
        ),
    ],
)
def test_every_fix_of_a_destination_makes_its_finding_go_away(
    mesh: Any, destination: Destination, reason: str
) -> None:
    (finding,) = (found for found in on(mesh, destination) if found.reason == reason)
    offered = fixes_for(finding, destination, LIMITS)
    assert offered
    for fix in offered:
        assert fix.words
        assert reason not in reasons(on(mesh, as_typed(destination, fix.changes or {}))), fix


def test_what_is_granted_already_or_asked_twice_is_taken_out() -> None:
    for found, reason in (
        (findings(to(HOST), grants=(grant(to(HOST)),)), "AlreadyGranted"),
        (findings(to(HOST), to(HOST)), "DestinationRepeated"),
    ):
        (finding,) = (one for one in found if one.reason == reason)
        assert [fix.removes for fix in fixes_for(finding, to(HOST), LIMITS)] == [True]


def test_a_wildcard_gives_way_to_the_hosts_that_are_known() -> None:
    wildcard = to("*.example.com")
    for mesh in (SIDECAR, GATEWAY, CENTRAL):
        (finding,) = (one for one in on(mesh, wildcard) if one.reason.startswith("Wildcard"))
        known = {"*.example.com": ("a.example.com", "b.example.com")}
        assert fixes_for(finding, wildcard, LIMITS) == ()
        (fix,) = fixes_for(finding, wildcard, LIMITS, known)
        assert fix.words == "Ask for these 2 hosts instead"
        assert fix.hosts == ("a.example.com", "b.example.com")
        assert reasons(on(mesh, *map(to, fix.hosts))).isdisjoint({finding.reason})


def test_the_longest_duration_is_offered_for_one_that_is_too_long_or_has_no_end() -> None:
    for duration in (timedelta(days=4000), None, timedelta(0)):
        found = findings(to(HOST), duration=duration)
        (finding,) = (one for one in found if one.field == "duration")
        (fix,) = fixes_for(finding, None, LIMITS)
        assert fix == Fix("Ask for 365 days", {"duration_days": "365"})


def test_the_whole_namespace_is_offered_where_no_identity_is_checked() -> None:
    found = findings(to(HOST), subject=Subject("default", "billing"))
    (finding,) = (one for one in found if one.reason == "ServiceAccountNotEnforced")
    assert fixes_for(finding, None, LIMITS)[0].changes == {"service_account": ""}


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("example.com/", {"host": "example.com"}),
        ("example.com/path?x=1", {"host": "example.com"}),
        ("https://example.com/x", {"host": "example.com", "port": "443", "protocol": TLS}),
        ("http://example.com:8080/x", {"host": "example.com", "port": "8080", "protocol": HTTP}),
        ("example.com:5432", {"host": "example.com", "port": "5432", "protocol": TCP}),
        (
            "postgres://u:p@db.example.com/x",
            {"host": "db.example.com", "port": "5432", "protocol": TCP},
        ),
        ("u:p@db.example.com:5432", {"host": "db.example.com", "port": "5432", "protocol": TCP}),
        ("curl https://example.com", {"host": "example.com", "port": "443", "protocol": TLS}),
    ],
)
def test_what_was_meant_by_a_host_is_offered(typed: str, changes: dict[str, str]) -> None:
    (fix,) = fixes_for_text(typed)
    assert fix.changes == changes
    assert "u:p" not in fix.words


def test_several_hosts_in_one_field_are_offered_as_several() -> None:
    (fix,) = fixes_for_text("a.example.com, b.example.com")
    assert fix.hosts == ("a.example.com", "b.example.com")


@pytest.mark.parametrize("typed", ["", "localhost", "exa mple_.com", "x" * 9000, "\0"])
def test_what_nobody_can_guess_has_no_fix(typed: str) -> None:
    assert fixes_for_text(typed) == ()
