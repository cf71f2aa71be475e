"""Address ranges have one notation, and a wrong one gets advice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.domain.hosts import HostError, canonical_cidr
from egress.domain.hosts.addresses import address_in


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:0DB8:0::/48", "2001:db8::/48"),
        ("8.8.8.8/032", "8.8.8.8/32"),
    ],
)
def test_a_range_is_kept_in_one_notation(typed: str, kept: str) -> None:
    assert canonical_cidr(typed) == kept


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("203.0.113.7", "CidrMalformed"),
        ("203.0.113.0/33", "CidrMalformed"),
        ("203.0.113.0/255.255.255.0", "CidrMalformed"),
        ("0xcb.0.113.0/24", "CidrMalformed"),
        ("127.1/8", "CidrMalformed"),
        ("010.0.0.0/8", "CidrMalformed"),
        ("1.2.3.0/24\n", "CidrMalformed"),
        ("１.2.3.0/24", "CidrMalformed"),
        ("fe80::%eth0/64", "CidrMalformed"),
        ("1" * 1_000_000, "CidrMalformed"),
        ("203.0.113.7/24", "CidrHostBits"),
        ("::ffff:10.0.0.0/104", "CidrMappedAddress"),
    ],
)
def test_anything_else_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(HostError) as refusal:
        canonical_cidr(typed)
    assert refusal.value.reason == reason


def test_loose_bits_get_both_ranges_that_could_be_meant() -> None:
    with pytest.raises(HostError, match=r'"203\.0\.113\.0/24" for the whole range') as refusal:
        canonical_cidr("203.0.113.7/24")
    assert '"203.0.113.7/32"' in refusal.value.message


@given(st.ip_addresses())
def test_a_plain_address_is_recognised(address: object) -> None:
    assert address_in(str(address)) == address


@pytest.mark.parametrize(
    "text", ["256.1.1.1", "1.2.3.4.5", "1.2.3.099", "a.b.c.d", "1..2", "", "0x1g"]
)
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    assert address_in(text) is None
