"""What this release cannot enforce safely is refused, and says what to ask for instead."""

import pytest

from egress.domain.access import ClusterProfile, Destination, Enforcement, Protocol, Subject
from egress.domain.policies import Level, blocking
from tests.domain.examples import findings, inventory, namespace, reasons, to


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        (to("db.example.net", 5432, Protocol.TCP), "TcpNotSupported"),
        (to("8.8.8.0/24"), "AddressRangeNotSupported"),
        (to("*.example.com"), "WildcardNotSupported"),
    ],
)
def test_a_kind_of_destination_that_comes_later_is_refused(
    destination: Destination, reason: str
) -> None:
    assert reason in reasons(findings(destination), Level.BLOCK)


def test_a_service_account_is_refused_with_the_offer_of_its_namespace() -> None:
    found = findings(to("a.example.com"), subject=Subject("otherns", "billing"))
    (finding,) = blocking(found)
    assert (finding.reason, finding.field) == ("ServiceAccountNotEnforced", "service_account")
    assert 'Request it for the namespace "otherns" instead' in finding.message


@pytest.mark.parametrize("enforcement", [Enforcement.GATEWAY, Enforcement.AMBIENT])
def test_an_enforcement_that_comes_later_is_refused(enforcement: Enforcement) -> None:
    cluster = ClusterProfile("portal-a", enforcement)
    assert reasons(blocking(findings(to("a.example.com"), cluster=cluster))) == {
        "EnforcementNotSupported"
    }


def test_the_enforcement_of_the_namespace_wins_over_that_of_the_cluster() -> None:
    cluster = ClusterProfile("portal-a", Enforcement.GATEWAY)
    known = inventory(namespace("default", enforcement=Enforcement.SIDECAR))
    assert blocking(findings(to("a.example.com"), cluster=cluster, inventory=known)) == []
