"""Address ranges: never what is inside, private ones only where admins allowed them."""

import ipaddress
from collections.abc import Iterable, Iterator

from egress.domain.hosts.addresses import IpNetwork
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_MIN_PREFIX = {4: 24, 6: 48}


def _networks(*ranges: str) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in ranges)


_METADATA = _networks(
    "169.254.169.254/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
)
_NEVER = _networks(
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "fe80::/10",
    "ff00::/8",
    # IPv4 in IPv6: NAT64, 6to4 and Teredo could spell any of the above.
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2002::/16",
    "2001::/32",
)
_PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "fc00::/7",
    "fec0::/10",
)


def address_range(case: Case) -> Iterator[Finding]:
    """Judge an address range (istio.md 9, rows "CIDR grants" and "private destinations")."""
    if not case.destination.is_cidr:
        return
    network = ipaddress.ip_network(case.destination.host)
    context = case.context
    if _meets(network, _METADATA):
        yield _refused(case, "AddressMetadata", "holds a metadata service, which gives credentials")
    elif _meets(network, _NEVER):
        yield _refused(
            case, "AddressNeverAllowed", "is loopback, link-local, multicast or reserved"
        )
    elif _meets(network, _networks(*context.cluster_ranges)):
        yield _refused(case, "AddressOfCluster", "belongs to the cluster or its nodes")
    elif network.prefixlen < _MIN_PREFIX[network.version]:
        yield case.finding(
            "RangeTooWide",
            f"{quoted(network)} is wider than /{_MIN_PREFIX[network.version]}. Request the ranges "
            "that the owner really uses, or a host name.",
            Level.BLOCK,
            "host",
        )
    elif _meets(network, _PRIVATE) and not _allowed(network, context.allowed_private_ranges):
        yield case.finding(
            "AddressPrivate",
            f"{quoted(network)} is private. Ask an admin to allow that range for this cluster.",
            Level.BLOCK,
            "host",
        )
    else:
        yield case.finding(
            "AddressRange",
            f"{quoted(network)} opens every service on these addresses, whatever its name. Request "
            "a host name, or let two approvers agree.",
            Level.REVIEW,
            "host",
        )


def _refused(case: Case, reason: str, what: str) -> Finding:
    message = f"{quoted(case.destination.host)} {what}. It is never opened; request a host name."
    return case.finding(reason, message, Level.BLOCK, "host")


def _meets(network: IpNetwork, others: Iterable[IpNetwork]) -> bool:
    return any(network.version == other.version and network.overlaps(other) for other in others)


def _allowed(network: IpNetwork, ranges: Iterable[str]) -> bool:
    for other in _networks(*ranges):
        if isinstance(network, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
            if network.subnet_of(other):
                return True
        elif (
            isinstance(network, ipaddress.IPv6Network)
            and isinstance(other, ipaddress.IPv6Network)
            and network.subnet_of(other)
        ):
            return True
    return False
