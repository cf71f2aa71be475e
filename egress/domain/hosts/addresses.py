"""IP addresses in every notation, and address ranges in the one notation we keep."""

import ipaddress
import re
from collections.abc import Iterable

from egress.domain.hosts.errors import HostError
from egress.domain.wording import quoted

_MAX_CIDR_CHARACTERS = 64
_CIDR = re.compile(r"([0-9.]+|[0-9a-fA-F:.]+)/([0-9]{1,3})")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*ranges: str) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in ranges)


METADATA = _networks(
    "169.254.169.254/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
)
"""Services of clouds that hand out credentials (istio.md 9)."""

NEVER_OPENED = (
    *METADATA,
    *_networks(
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "fe80::/10",
        "ff00::/8",
        # IPv4 in IPv6: compatible, mapped, NAT64, 6to4 and Teredo could spell any of the above.
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    ),
)
"""Where no destination lies, whatever admins allow: this host, its link, multicast, metadata."""

MIN_PREFIX = {4: 24, 6: 48}
"""The widest ranges that may be asked for, by version of IP (istio.md 9)."""


def meets(network: IpNetwork, others: Iterable[IpNetwork]) -> bool:
    """Tell whether a range has an address in common with one of `others`."""
    return any(network.version == other.version and network.overlaps(other) for other in others)


def ends_in_a_number(name: str) -> bool:
    """Tell whether the last label is a number, decimal or `0x...`: then no client asks DNS.

    WHATWG URL standard, "ends in a number checker".
    """
    return _NUMBER.fullmatch(name.rpartition(".")[2]) is not None


def address_in(text: str) -> IpAddress | None:
    """Return the address that `text` means to any C library or browser, else None.

    Understands dotted, short (`127.1`), decimal, octal and hexadecimal IPv4, and IPv6 with or
    without brackets and zone.
    """
    if ":" in text:
        bare = text.removeprefix("[").removesuffix("]").partition("%")[0]
        try:
            return ipaddress.IPv6Address(bare)
        except ValueError:
            return None
    return _ipv4_in(text)


def _ipv4_in(text: str) -> ipaddress.IPv4Address | None:
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    head, last = numbers[:-1], numbers[-1]
    if last is None or any(n is None or n > 255 for n in head) or last >= 256 ** (5 - len(parts)):
        return None
    value = last + sum((n or 0) << (8 * (3 - place)) for place, n in enumerate(head))
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int | None:
    try:
        if part[:2].lower() == "0x":
            return int(part[2:] or "0", 16)
        return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)
    except ValueError:
        return None


def as_cidr(address: IpAddress) -> str:
    """Return the range that holds this one address, as people should type it."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return f"{mapped or address}/{(mapped or address).max_prefixlen}"


def canonical_cidr(text: str) -> str:
    """Return an address range in its canonical form, such as `203.0.113.0/24`.

    Raises HostError when `text` is not `address/prefix length` in plain dotted (or IPv6) notation,
    when bits are set behind the prefix, and for IPv4 wrapped into IPv6.
    """
    if len(text) > _MAX_CIDR_CHARACTERS:
        raise HostError(
            "CidrMalformed", "The address range is too long. Type it like 203.0.113.0/24."
        )
    match = _CIDR.fullmatch(text)
    if match is None:
        raise HostError(
            "CidrMalformed",
            f"{quoted(text)} is not an address range. Type an address, a slash and the prefix "
            "length, like 203.0.113.0/24.",
        )
    try:
        network = ipaddress.ip_network(f"{match[1]}/{int(match[2])}", strict=False)
    except ValueError as error:
        raise HostError(
            "CidrMalformed",
            f"{quoted(text)} is not an address range: check the numbers, for example "
            "203.0.113.0/24.",
        ) from error
    _refuse_wrapped_or_loose(text, match[1], network)
    return str(network)


def _refuse_wrapped_or_loose(text: str, address: str, network: IpNetwork) -> None:
    start = network.network_address
    if isinstance(start, ipaddress.IPv6Address) and start.ipv4_mapped is not None:
        raise HostError(
            "CidrMappedAddress",
            f"{quoted(text)} hides IPv4 addresses in IPv6. Type the IPv4 range instead.",
        )
    if ipaddress.ip_address(address) != start:
        raise HostError(
            "CidrHostBits",
            f"{quoted(text)} has bits set behind the prefix. Type {quoted(network)} for the whole "
            f"range, or {quoted(as_cidr(ipaddress.ip_address(address)))} for the one address.",
        )
