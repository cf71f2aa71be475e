"""Addresses: never what is inside, private ones only where admins allowed them."""

import ipaddress
from collections.abc import Iterable, Iterator

from egress.domain.hosts.addresses import (
    METADATA,
    MIN_PREFIX,
    NEVER_OPENED,
    IpNetwork,
    meets,
)
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.refusals.shapes import MAX_ADDRESSES
from egress.domain.wording import quoted

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "fc00::/7",
        "fec0::/10",
    )
)


def address_range(case: Case) -> Iterator[Finding]:
    """Judge an address range (istio.md 9, rows "CIDR grants" and "private destinations")."""
    if not case.destination.is_cidr:
        return
    network = ipaddress.ip_network(case.destination.host)
    problem = _never_opened(network, case.context)
    if problem:
        yield _refused(case, network, problem, "host")
    elif network.prefixlen < MIN_PREFIX[network.version]:
        yield case.refusal(
            "RangeTooWide",
            f"{quoted(network)} is wider than /{MIN_PREFIX[network.version]}. Request the ranges "
            "that the owner really uses, or a host name.",
            "host",
        )
    elif _is_closed(network, case.context):
        yield _private(case, network, "host")
    else:
        yield case.finding(
            "AddressRange",
            f"{quoted(network)} opens every service on these addresses, whatever its name. Request "
            "a host name, or let two approvers agree.",
            Level.REVIEW,
            "host",
        )


def fixed_addresses(case: Case) -> Iterator[Finding]:
    """Judge the fixed addresses of a host: they are reached in place of what DNS says.

    Two approvers have to agree, because the name says nothing about who answers there.
    """
    destination = case.destination
    if not destination.addresses:
        return
    if destination.is_cidr or destination.is_wildcard:
        yield case.refusal(
            "AddressesNotSupported",
            f"Only a single host has fixed addresses, and {quoted(destination.host)} is none. "
            "Leave them out.",
            "addresses",
        )
        return
    if len(destination.addresses) > MAX_ADDRESSES:
        yield case.refusal(
            "TooManyAddresses",
            f"{quoted(destination.host)} has {quoted(len(destination.addresses))} fixed addresses, "
            f"and an entry holds {MAX_ADDRESSES}. Leave them out, or give fewer.",
            "addresses",
        )
        return
    networks = [_network_of(text) for text in destination.addresses]
    if None in networks or list(destination.addresses) != sorted(set(destination.addresses)):
        yield case.refusal(
            "AddressMalformed",
            f"{quoted(', '.join(destination.addresses))} is no list of IP addresses, each once and "
            "in order. Type them like 203.0.113.13 or 2001:db8::1.",
            "addresses",
        )
        return
    refusals = [finding for each in networks if each for finding in _of_address(case, each)]
    yield from refusals
    if not refusals:
        yield case.finding(
            "FixedAddresses",
            f"{quoted(destination.host)} would be reached at "
            f"{quoted(', '.join(destination.addresses))}, whatever DNS says. Compare them with "
            "what its owner publishes; two approvers have to agree.",
            Level.REVIEW,
            "addresses",
        )


def _of_address(case: Case, network: IpNetwork) -> Iterator[Finding]:
    problem = _never_opened(network, case.context)
    if problem:
        yield _refused(case, network, problem, "addresses")
    elif _is_closed(network, case.context):
        yield _private(case, network, "addresses")


def _network_of(address: str) -> IpNetwork | None:
    """Return the range of one address, None when it is none or is spelled in another way."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return ipaddress.ip_network(parsed) if str(parsed) == address else None


def _never_opened(network: IpNetwork, context: PolicyContext) -> tuple[str, str] | None:
    """Return reason and wording for what no admin can open."""
    if meets(network, METADATA):
        return "AddressMetadata", "holds a metadata service, which gives credentials"
    if meets(network, NEVER_OPENED):
        return "AddressNeverAllowed", "is loopback, link-local, multicast or reserved"
    if meets(network, map(ipaddress.ip_network, context.cluster_ranges)):
        return "AddressOfCluster", "belongs to the cluster or its nodes"
    return None


def _is_closed(network: IpNetwork, context: PolicyContext) -> bool:
    return meets(network, _PRIVATE) and not _allowed(network, context.allowed_private_ranges)


def _refused(case: Case, network: IpNetwork, problem: tuple[str, str], part: str) -> Finding:
    reason, what = problem
    message = f"{quoted(network)} {what}. It is never opened; request a public host name."
    return case.refusal(reason, message, part)


def _private(case: Case, network: IpNetwork, part: str) -> Finding:
    message = f"{quoted(network)} is private. Ask an admin to allow that range for this cluster."
    return case.refusal("AddressPrivate", message, part)


def _allowed(network: IpNetwork, ranges: Iterable[str]) -> bool:
    for other in map(ipaddress.ip_network, ranges):
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
