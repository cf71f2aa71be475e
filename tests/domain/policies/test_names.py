"""Names of the cluster, reserved names and names that point inside are not opened."""

import pytest

from egress.domain.access import ClusterProfile
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.policies import Level, blocking
from tests.domain.examples import findings, inventory, namespace, reasons, to
from tests.domain.hostile_hosts import hostile_hosts

INSIDE = (
    *("localhost", "kubernetes", "default", "svc", "cluster.local", "local", "internal"),
    *("in-addr.arpa", "onion", "nip.io", "sslip.io", "localtest.me", "invalid", "lan"),
    *("payments", "istio-system"),
)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("kubernetes.default.svc.cluster.local", "ClusterName"),
        ("api.payments.svc", "ClusterName"),
        ("x.cluster.local", "ClusterName"),
        ("api.otherns", "NamespaceName"),
        ("a.b.otherns", "NamespaceName"),
        ("kubernetes.default", "NamespaceName"),
        ("metadata.google.internal", "MetadataName"),
        ("http.egress-portal.internal", "ReservedName"),
        ("cidr-203-0-113-0-24.egress-portal.internal", "ReservedName"),
        ("instance-data.ec2.internal", "MetadataName"),
        ("10-0-0-1.sslip.io", "NamePointsAnywhere"),
        ("169.254.169.254.nip.io", "NamePointsAnywhere"),
        ("x.localtest.me", "NamePointsAnywhere"),
        ("1.0.0.127.in-addr.arpa", "ReservedName"),
        ("hidden.onion", "ReservedName"),
        ("a.localhost", "ReservedName"),
        ("printer.local", "NameNotPublic"),
        ("vault.internal", "NameNotPublic"),
        ("db.corp", "NameNotPublic"),
        ("a.not-a-tld", "NameNotPublic"),
        ("co.uk", "NameOwnedByNobody"),
        ("*.github.io", "NameOwnedByNobody"),
        ("*.otherns", "HostSingleLabel"),
    ],
)
def test_a_name_that_is_not_public_is_refused(host: str, reason: str) -> None:
    (finding,) = (f for f in findings(to(host)) if f.reason == reason)
    assert finding.level is Level.BLOCK
    assert finding.field == "destinations.0.host"


@pytest.mark.parametrize(
    "host",
    [
        "api.stripe.com",
        "s3.amazonaws.com",
        "xn--d1acpjx3f.xn--p1ai",
        "svc.example.com",
        "default.example.com",
    ],
)
def test_a_public_name_is_not_refused(host: str) -> None:
    assert blocking(findings(to(host))) == []


def test_the_domain_of_this_cluster_is_refused_too() -> None:
    cluster = ClusterProfile("portal-a", cluster_domain="k8s.example.com")
    found = findings(to("api.default.svc.k8s.example.com"), cluster=cluster)
    assert "ClusterName" in reasons(found, Level.BLOCK)


def test_a_namespace_that_is_called_like_a_top_level_domain_closes_it() -> None:
    found = findings(
        to("something.shop"), inventory=inventory(namespace("default"), namespace("shop"))
    )
    assert "NamespaceName" in reasons(found, Level.BLOCK)
    assert blocking(findings(to("something.shop"))) == []


def test_a_private_zone_that_admins_allowed_needs_two_approvers() -> None:
    found = findings(
        to("db.corp.example.internal"), allowed_private_zones=("corp.example.internal",)
    )
    assert blocking(found) == []
    assert reasons(found, Level.REVIEW) == {"PrivateZone"}


@pytest.mark.parametrize(
    "host", ["notcorp.internal", "corp.internal.example", "metadata.google.internal"]
)
def test_an_allowed_zone_allows_only_what_is_below_it(host: str) -> None:
    found = findings(
        to(host), allowed_private_zones=("corp.internal", "internal.", "google.internal")
    )
    assert blocking(found)


def test_a_name_that_spells_out_a_private_address_needs_two_approvers() -> None:
    assert reasons(findings(to("ip-10-1-2-3.example.com")), Level.REVIEW) == {"AddressInName"}
    assert reasons(findings(to("10-1-2-3.example.com")), Level.REVIEW) == {"AddressInName"}
    assert reasons(findings(to("192.168.0.1.example.com")), Level.REVIEW) == {"AddressInName"}
    assert reasons(findings(to("8-8-8-8.example.com")), Level.REVIEW) == set()


def test_nothing_of_the_hostile_corpus_reaches_inside() -> None:
    known = inventory(*(namespace(n) for n in ("default", "payments", "istio-system")))
    for text in hostile_hosts():
        try:
            host = canonical_destination_host(text)
        except HostError:
            continue
        found = findings(to(host), inventory=known)
        if any(host.removeprefix("*.") == name or host.endswith(f".{name}") for name in INSIDE):
            assert blocking(found), host
        if "/" in host:
            assert blocking(found) or reasons(found, Level.REVIEW), host
