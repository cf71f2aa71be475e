"""Addresses and ranges that no object of ours may lead to, whatever was approved (istio.md 9)."""

import ipaddress
from collections.abc import Iterator

from egress.domain.hosts.addresses import MIN_PREFIX, NEVER_OPENED, IpNetwork, meets
from egress.domain.wording import quoted


def address_problems(text: str) -> Iterator[str]:
    """Say why `text` is no single address, in its one spelling, that may be reached."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        yield f"{quoted(text)} is no IP address."
        return
    if str(address) != text or (isinstance(address, ipaddress.IPv6Address) and address.scope_id):
        yield f"{quoted(text)} is not spelled {quoted(address)}."
    yield from _forbidden(ipaddress.ip_network(address))


def range_problems(text: str) -> Iterator[str]:
    """Say why `text` is no range, in its one spelling, that may be reached."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        yield f"{quoted(text)} is no address range."
        return
    if str(network) != text:
        yield f"{quoted(text)} is not spelled {quoted(network)}."
    if network.prefixlen < MIN_PREFIX[network.version]:
        yield f"{quoted(text)} is wider than /{MIN_PREFIX[network.version]}."
    yield from _forbidden(network)


def _forbidden(network: IpNetwork) -> Iterator[str]:
    if meets(network, NEVER_OPENED):
        yield f"{quoted(network)} is loopback, link-local, multicast, metadata or reserved."
