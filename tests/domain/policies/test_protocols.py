"""Protocol and port have to fit, and clear text is never silent."""

from dataclasses import replace

import pytest

from egress.domain.access import Destination, Protocol
from egress.domain.policies import Level, blocking
from tests.domain.examples import findings, reasons, to
from tests.domain.policies.meshes import AMBIENT, GATEWAY, SIDECAR, on

HTTP, TLS, GRPC, TCP = Protocol.HTTP, Protocol.TLS, Protocol.GRPC, Protocol.TCP


@pytest.mark.parametrize(
    ("destination", "reason", "level"),
    [
        (to("a.example.com", 443, HTTP), "HttpOnTlsPort", Level.BLOCK),
        (to("a.example.com", 8443, GRPC), "HttpOnTlsPort", Level.WARN),
        (to("a.example.com", 80, TLS), "TlsOnHttpPort", Level.BLOCK),
        (to("a.example.com", 8080, TLS), "TlsOnHttpPort", Level.WARN),
        (to("a.example.com", 80, HTTP), "ClearText", Level.WARN),
        (to("a.example.com", 8080, HTTP), "HttpListenerShared", Level.WARN),
        (to("a.example.com", 443, TLS, True), "OriginationNeedsHttp", Level.BLOCK),
        (to("a.example.com", 80, TCP, True), "OriginationNeedsHttp", Level.BLOCK),
        (to("a.example.com", 8080, HTTP, True), "OriginationNeedsPort80", Level.BLOCK),
        (to("8.8.8.0/24", 80, HTTP, True), "OriginationNeedsHost", Level.BLOCK),
        (to("*.example.com", 80, HTTP, True), "OriginationNeedsHost", Level.BLOCK),
    ],
)
def test_what_does_not_fit_is_remarked(destination: Destination, reason: str, level: Level) -> None:
    assert reason in reasons(findings(destination), level)


@pytest.mark.parametrize("protocol", [HTTP, Protocol.HTTP2, GRPC])
def test_tls_origination_on_port_80_is_fine_and_not_clear_text(protocol: Protocol) -> None:
    found = findings(to("a.example.com", 80, protocol, True))
    assert blocking(found) == []
    assert "ClearText" not in reasons(found)


def test_clear_text_on_port_80_proposes_origination() -> None:
    (finding,) = (f for f in findings(to("a.example.com", 80, HTTP)) if f.reason == "ClearText")
    assert "TLS origination" in finding.message


def test_r_b13_tcp_is_originated_only_where_name_and_addresses_are_fixed() -> None:
    bare = to("db.example.net", 5432, TCP, True)
    addressed = replace(bare, addresses=("8.8.8.8",))
    named = replace(addressed, alias="db")
    for destination in (bare, addressed, replace(bare, alias="db")):
        (finding,) = (f for f in on(SIDECAR, destination) if f.reason == "OriginationNeedsHttp")
        assert "fixed addresses and an alias" in finding.message
    assert blocking(on(SIDECAR, named)) == []
    for mesh in (GATEWAY, AMBIENT):
        assert blocking(on(mesh, named))
