"""Address ranges: what is never opened, what admins may allow, and what two approvers decide."""

from typing import Any

import pytest

from egress.domain.access import Protocol
from egress.domain.policies import Level
from tests.domain.examples import findings, reasons, to

ABOUT_SUPPORT = {"AddressRangeNotSupported", "TcpNotSupported"}


def judged(cidr: str, **context: Any) -> tuple[set[str], set[str]]:
    """Reasons that block and that need review, apart from what this release cannot do yet."""
    found = findings(to(cidr, 5432, Protocol.TCP), **context)
    return reasons(found, Level.BLOCK) - ABOUT_SUPPORT, reasons(found, Level.REVIEW)


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


def test_every_range_is_refused_until_it_can_be_created_safely() -> None:
    assert "AddressRangeNotSupported" in reasons(findings(to("8.8.8.0/24")), Level.BLOCK)
