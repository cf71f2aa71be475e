"""Address ranges: what is never opened, what admins may allow, and what two approvers decide."""

from typing import Any

import pytest

from egress.domain.access import Protocol
from egress.domain.policies import Level, blocking
from tests.domain.examples import findings, reasons, to
from tests.domain.policies.meshes import place


def judged(cidr: str, **context: Any) -> tuple[set[str], set[str]]:
    """Reasons that block and that need review, for a range."""
    found = findings(to(cidr, 5432, Protocol.TCP), **context)
    return reasons(found, Level.BLOCK), reasons(found, Level.REVIEW)


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("169.254.169.254/32", "AddressMetadata"),
        ("100.100.100.0/24", "AddressMetadata"),
        ("168.63.129.16/32", "AddressMetadata"),
        ("192.0.0.192/32", "AddressMetadata"),
        ("fd00:ec2::254/128", "AddressMetadata"),
        ("0.0.0.0/0", "AddressMetadata"),
        ("::/0", "AddressMetadata"),
        ("127.0.0.0/24", "AddressNeverAllowed"),
        ("169.254.1.0/24", "AddressNeverAllowed"),
        ("224.0.0.0/24", "AddressNeverAllowed"),
        ("::1/128", "AddressNeverAllowed"),
        ("fe80::/64", "AddressNeverAllowed"),
        ("64:ff9b::a00:0/120", "AddressNeverAllowed"),
        ("2002:a00::/48", "AddressNeverAllowed"),
        ("8.0.0.0/16", "RangeTooWide"),
        ("2a00::/32", "RangeTooWide"),
        ("10.1.2.0/24", "AddressPrivate"),
        ("100.64.1.0/24", "AddressPrivate"),
        ("fd12:3456::/48", "AddressPrivate"),
    ],
)
def test_a_dangerous_range_is_refused(cidr: str, reason: str) -> None:
    assert judged(cidr)[0] == {reason}


def test_a_public_range_needs_two_approvers() -> None:
    assert judged("8.8.8.0/24") == (set(), {"AddressRange"})


def test_a_private_range_that_admins_allowed_needs_two_approvers() -> None:
    allowed = {"allowed_private_ranges": ("10.1.0.0/16", "fd12::/16")}
    assert judged("10.1.2.0/24", **allowed) == (set(), {"AddressRange"})
    assert judged("fd12:3456::/48", **allowed) == (set(), {"AddressRange"})
    assert judged("10.2.2.0/24", **allowed)[0] == {"AddressPrivate"}


def test_admins_cannot_allow_what_is_never_allowed() -> None:
    everything = {"allowed_private_ranges": ("0.0.0.0/0", "::/0")}
    assert judged("127.0.0.1/32", **everything)[0] == {"AddressNeverAllowed"}
    assert judged("169.254.169.254/32", **everything)[0] == {"AddressMetadata"}
    assert judged("10.9.0.0/24", cluster_ranges=("10.9.0.0/16",), **everything)[0] == {
        "AddressOfCluster"
    }


def fixed(*addresses: str, **context: Any) -> tuple[set[str], set[str]]:
    """Reasons that block and that need review, for fixed addresses of a host."""
    destination = place("db.example.net", 5432, Protocol.TCP, addresses=addresses)
    found = findings(destination, **context)
    return reasons(found, Level.BLOCK), reasons(found, Level.REVIEW)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("169.254.169.254", "AddressMetadata"),
        ("fd00:ec2::254", "AddressMetadata"),
        ("127.0.0.1", "AddressNeverAllowed"),
        ("169.254.1.1", "AddressNeverAllowed"),
        ("0.0.0.0", "AddressNeverAllowed"),
        ("2002:a00:1::", "AddressNeverAllowed"),
        ("::a01:203", "AddressNeverAllowed"),
        ("10.1.2.3", "AddressPrivate"),
        ("010.1.2.3", "AddressMalformed"),
        ("8.8.8.8 ", "AddressMalformed"),
        ("8.8.8.0/24", "AddressMalformed"),
        ("2001:4860:0::8888", "AddressMalformed"),
        ("db.example.net", "AddressMalformed"),
        ("", "AddressMalformed"),
    ],
)
def test_a_dangerous_or_odd_fixed_address_is_refused(address: str, reason: str) -> None:
    assert fixed(address)[0] == {reason}


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "::ffff:808:808"])
def test_ipv4_in_ipv6_is_refused_however_it_is_spelled(address: str) -> None:
    assert fixed(address)[0] in ({"AddressMalformed"}, {"AddressNeverAllowed"})


def test_fixed_addresses_stand_each_once_and_in_order() -> None:
    assert fixed("1.1.1.1", "8.8.8.8")[0] == set()
    assert fixed("8.8.8.8", "1.1.1.1")[0] == {"AddressMalformed"}
    assert fixed("8.8.8.8", "8.8.8.8")[0] == {"AddressMalformed"}


def test_a_host_has_at_most_256_fixed_addresses() -> None:
    many = sorted(f"8.8.{number // 200}.{number % 200}" for number in range(257))
    assert fixed(*many[:256])[0] == set()
    assert fixed(*many)[0] == {"TooManyAddresses"}


def test_fixed_addresses_need_two_approvers_because_the_name_says_nothing_of_them() -> None:
    assert fixed("8.8.8.8") == (set(), {"FixedAddresses"})
    found = findings(place("db.example.net", 5432, Protocol.TCP, addresses=("8.8.8.8",)))
    (finding,) = (f for f in found if f.reason == "FixedAddresses")
    assert '"8.8.8.8"' in finding.message
    assert finding.field == "destinations.0.addresses"


def test_private_fixed_addresses_are_for_admins_to_allow() -> None:
    allowed = {"allowed_private_ranges": ("10.1.0.0/16",)}
    assert fixed("10.1.2.3", **allowed) == (set(), {"FixedAddresses"})
    assert fixed("10.2.2.3", **allowed)[0] == {"AddressPrivate"}
    own = fixed("10.1.2.3", cluster_ranges=("10.1.2.0/24",), **allowed)
    assert own[0] == {"AddressOfCluster"}


def test_one_bad_address_among_good_ones_is_named() -> None:
    destination = place("db.example.net", 5432, Protocol.TCP, addresses=("10.1.2.3", "8.8.8.8"))
    (finding,) = blocking(findings(destination))
    assert "10.1.2.3" in finding.message
    assert "8.8.8.8" not in finding.message


@pytest.mark.parametrize("host", ["8.8.8.0/24", "*.example.com"])
def test_only_a_single_host_has_fixed_addresses(host: str) -> None:
    found = findings(place(host, addresses=("8.8.8.8",)))
    assert "AddressesNotSupported" in reasons(found, Level.BLOCK)
