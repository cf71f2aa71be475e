"""A wish beside the grants that exist."""

from dataclasses import replace

from egress.domain.access import Protocol, Subject
from egress.domain.policies import Level, blocking
from tests.domain.examples import CLUSTER, findings, grant, reasons, to

HOST = "a.example.com"
HELD = grant(to(HOST))


def test_what_is_granted_already_is_refused_with_the_hint_to_renew() -> None:
    (finding,) = blocking(findings(to(HOST), grants=(HELD,)))
    assert finding.reason == "AlreadyGranted"
    assert "renew that grant" in finding.message


def test_what_the_namespace_has_its_service_accounts_have_already() -> None:
    found = findings(to(HOST), subject=Subject("default", "billing"), grants=(HELD,))
    assert "AlreadyGranted" in reasons(found, Level.BLOCK)


def test_what_a_service_account_has_the_namespace_may_ask_for() -> None:
    found = findings(to(HOST), grants=(grant(to(HOST), "default", "billing"),))
    assert blocking(found) == []


def test_a_renewal_is_not_stopped_by_the_grant_it_renews() -> None:
    assert blocking(findings(to(HOST), grants=(HELD,), renewing=HELD)) == []


def test_a_renewal_covers_its_own_grant_only() -> None:
    other = grant(to("b.example.com"))
    found = findings(to(HOST), to("b.example.com"), grants=(HELD, other), renewing=HELD)
    assert [f.field for f in blocking(found)] == ["destinations.1"]


def test_grants_of_other_namespaces_do_not_matter() -> None:
    assert blocking(findings(to(HOST), grants=(grant(to(HOST), "otherns"),))) == []


def test_the_grant_of_a_service_account_binds_the_port_too() -> None:
    held = grant(to(HOST, 80, Protocol.HTTP), "default", "billing")
    assert "ProtocolConflict" in reasons(
        findings(to(HOST, 80, Protocol.GRPC), grants=(held,)), Level.BLOCK
    )


def test_a_port_that_two_hosts_use_in_different_protocols_is_warned_of() -> None:
    held = grant(to("b.example.com", 8443, Protocol.HTTP))
    assert "PortSharedByProtocols" in reasons(findings(to(HOST, 8443), grants=(held,)), Level.WARN)
    same = grant(to("b.example.com", 8443))
    assert "PortSharedByProtocols" not in reasons(findings(to(HOST, 8443), grants=(same,)))


def test_with_dns_capture_no_host_hides_another() -> None:
    held = grant(to("b.example.com", 8443, Protocol.HTTP))
    found = findings(to(HOST, 8443), grants=(held,), cluster=replace(CLUSTER, dns_capture=True))
    assert "PortSharedByProtocols" not in reasons(found)


def test_a_grant_with_an_alias_contains_the_one_without() -> None:
    plain = to(HOST, 80, Protocol.HTTP)
    named = replace(plain, alias="mirror")
    assert "AlreadyGranted" in reasons(findings(plain, grants=(grant(named),)), Level.BLOCK)
    assert blocking(findings(named, grants=(grant(plain),))) == []
    assert "AlreadyGranted" in reasons(findings(named, grants=(grant(named),)), Level.BLOCK)
