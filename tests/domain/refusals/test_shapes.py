"""What is malformed, or goes together under no enforcement."""

from dataclasses import replace

import pytest

from egress.domain.access import (
    Destination,
    Enforcement,
    Protocol,
)
from tests.domain.examples import grant, to
from tests.domain.refusals.examples import TLS_WILDCARDS, originated, profile, reasons

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
ANYWHERE = [
    (replace(to("a.example.com", 80, HTTP), alias="Mirror"), "AliasMalformed"),
    (replace(to("a.example.com", 80, HTTP), alias="1mirror"), "AliasMalformed"),
    (replace(to("a.example.com", 80, HTTP), alias="x" * 64), "AliasMalformed"),
    (replace(to("203.0.113.13/32", 5432, TCP), alias="x" * 61), "AliasMalformed"),
    (replace(to("a.example.com", 443, TLS), alias="mirror"), "AliasNotSupported"),
    (replace(to("a.example.com", 5432, TCP), alias="mirror"), "AliasNotSupported"),
    (replace(to("*.example.com", 443, TLS), alias="mirror"), "AliasNotSupported"),
    (replace(to("203.0.113.0/24", 5432, TCP), alias="mirror"), "AliasNotSupported"),
    (originated(5432, addresses=("2001:db8::1", "203.0.113.13")), "AliasNotSupported"),
    (originated(5432, addresses=()), "OriginationNotSupported"),
    (originated(5432, alias=""), "OriginationNotSupported"),
    (replace(to("203.0.113.13/32", 5432, TCP, True), alias="mirror"), "OriginationNotSupported"),
    (to("*.example.com", 80, HTTP, True), "OriginationNotSupported"),
    (to("a.example.com", 8080, HTTP, True), "OriginationNotSupported"),
    (to("a.example.com", 443, TLS, True), "OriginationNotSupported"),
    (to("*.example.com", 5432, TCP), "DestinationNotSupported"),
    (to("203.0.113.0/24", 80, HTTP), "DestinationNotSupported"),
    (to("203.0.112.0/20", 443), "RangeTooWide"),
    (to("0.0.0.0/0", 443), "RangeTooWide"),
    (to("2001:db8::/32", 443), "RangeTooWide"),
    (to("169.254.169.254/32", 80, TCP), "AddressNeverAllowed"),
    (to("127.0.0.1/32", 5432, TCP), "AddressNeverAllowed"),
    (to("fe80::1/128", 5432, TCP), "AddressNeverAllowed"),
    (replace(to("a.example.com"), addresses=("169.254.169.254",)), "AddressNeverAllowed"),
    (to("0.0.0.0/24", 5432, TCP), "AddressNeverAllowed"),
    (to("100.100.100.200/32", 5432, TCP), "AddressNeverAllowed"),
    (to("168.63.129.0/24", 5432, TCP), "AddressNeverAllowed"),
    (to("fd00:ec2::254/128", 5432, TCP), "AddressNeverAllowed"),
    (to("64:ff9b::a9fe:a9fe/128", 5432, TCP), "AddressNeverAllowed"),
    (to("2002:a9fe:a9fe::/48", 5432, TCP), "AddressNeverAllowed"),
    (replace(to("a.example.com"), addresses=("192.0.0.192",)), "AddressNeverAllowed"),
    (
        replace(
            to("a.example.com"), addresses=tuple(f"203.0.1{n // 200}.{n % 200}" for n in range(257))
        ),
        "TooManyAddresses",
    ),
    (replace(to("a.example.com"), addresses=("203.0.113.013",)), "AddressMalformed"),
    (replace(to("a.example.com"), addresses=("::ffff:10.0.0.1",)), "AddressMalformed"),
    (replace(to("a.example.com"), addresses=("2001:DB8::1",)), "AddressMalformed"),
    (replace(to("a.example.com"), addresses=("203.0.113.1", "203.0.113.1")), "AddressMalformed"),
    (replace(to("a.example.com"), addresses=("b.example.com",)), "AddressMalformed"),
    (replace(to("*.example.com"), addresses=("203.0.113.1",)), "AddressesNotSupported"),
    (replace(to("203.0.113.0/24"), addresses=("203.0.113.1",)), "AddressesNotSupported"),
    (to("*.*.example.com"), "HostNotCanonical"),
    (to("203.0.113.7/24"), "HostNotCanonical"),
    (to("a.example.com", 65536), "PortOutOfRange"),
]


@pytest.mark.parametrize("enforcement", Enforcement)
@pytest.mark.parametrize(("destination", "reason"), ANYWHERE)
def test_what_nobody_can_express_is_refused_under_every_enforcement(
    enforcement: Enforcement, destination: Destination, reason: str
) -> None:
    cluster = profile(enforcement, istio_version="1.31.0", flags=TLS_WILDCARDS)
    assert reasons(grant(destination), cluster=cluster) == [reason]


@pytest.mark.parametrize("account", ["*", "a/b", "A", "web,api", "x" * 254])
@pytest.mark.parametrize("enforcement", Enforcement)
def test_a_service_account_is_never_a_pattern(enforcement: Enforcement, account: str) -> None:
    asked = grant(to("a.example.com"), "default", account)
    assert reasons(asked, cluster=profile(enforcement)) == ["ServiceAccountMalformed"]
