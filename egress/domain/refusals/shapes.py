"""What no enforcement can express: malformed parts, and parts that do not go together."""

import ipaddress
from collections.abc import Iterator

from egress.domain.access import Access, Destination, Protocol
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.hosts.addresses import MIN_PREFIX, NEVER_OPENED, IpAddress, meets
from egress.domain.naming import fixed_address_name, is_dns_label, is_dns_subdomain

Reason = tuple[str, str]
"""A CamelCase constant and a sentence with a next step."""

_NAME_CHARACTERS = 63
MAX_ADDRESSES = 256
"""What a ServiceEntry holds at most (istio.md 10.1)."""


def host_reasons(host: str) -> Iterator[Reason]:
    """Yield what is wrong with the spelling of a host, or with the size of a range."""
    try:
        is_canonical = canonical_destination_host(host) == host
    except HostError:
        is_canonical = False
    if not is_canonical:
        yield "HostNotCanonical", "The host is not in its canonical form. Request it again."
    elif "/" in host:
        network = ipaddress.ip_network(host)
        if network.prefixlen < MIN_PREFIX[network.version]:
            yield "RangeTooWide", _TOO_WIDE
        elif meets(network, NEVER_OPENED):
            yield "AddressNeverAllowed", _NEVER


def shape_reasons(access: Access) -> Iterator[Reason]:
    """Yield what is wrong with a grant whatever its enforcement, its host's spelling apart."""
    destination = access.destination
    account = access.subject.service_account
    if account and not is_dns_subdomain(account):
        yield "ServiceAccountMalformed", _NO_ACCOUNT
    if not 1 <= destination.port <= 65535:
        yield "PortOutOfRange", "A port is a number from 1 to 65535. Request it again."
    if destination.addresses:
        yield from _address_reasons(destination)
    if destination.is_cidr and destination.protocol.is_http_family:
        yield "DestinationNotSupported", _RANGE_IS_NOT_HTTP
    if destination.is_wildcard and destination.protocol is Protocol.TCP:
        yield "DestinationNotSupported", _WILDCARD_NEEDS_A_NAME
    if destination.tls_origination and not _can_originate(destination):
        yield "OriginationNotSupported", _ORIGINATION_ONLY_HTTP
    if destination.alias:
        yield from _alias_reasons(destination)


def _address_reasons(destination: Destination) -> Iterator[Reason]:
    if destination.is_cidr or destination.is_wildcard:
        yield "AddressesNotSupported", _ADDRESSES_OF_ONE_HOST
    if len(destination.addresses) > MAX_ADDRESSES:
        yield "TooManyAddresses", _TOO_MANY_ADDRESSES
    known = [_address(text) for text in destination.addresses]
    spelled = tuple(str(address) for address in known)
    if None in known or spelled != destination.addresses or len(set(known)) != len(known):
        yield "AddressMalformed", _NOT_ADDRESSES
    elif any(address and meets(ipaddress.ip_network(address), NEVER_OPENED) for address in known):
        yield "AddressNeverAllowed", _NEVER


def _address(text: str) -> IpAddress | None:
    """Return an address that means the same everywhere, else None."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.ipv4_mapped):
        return None
    return address


def _can_originate(destination: Destination) -> bool:
    if destination.is_wildcard or destination.is_cidr:
        return False
    if destination.protocol.is_http_family:
        return destination.port == 80
    # Bytes in, TLS out: only where the name in the certificate and the address are both fixed.
    return destination.is_fixed_address and bool(destination.addresses)


def _alias_reasons(destination: Destination) -> Iterator[Reason]:
    alias = destination.alias
    if not is_dns_label(alias) or not alias[0].isalpha():
        yield "AliasMalformed", _NO_SERVICE_NAME
    elif destination.is_wildcard:
        yield "AliasNotSupported", _ALIAS_OF_ONE_HOST
    elif destination.is_fixed_address:
        yield from _fixed_address_reasons(destination)
    elif not destination.protocol.is_http_family:
        yield "AliasNotSupported", _ALIAS_ONLY_HTTP


def _fixed_address_reasons(destination: Destination) -> Iterator[Reason]:
    if len(fixed_address_name(destination.alias)) > _NAME_CHARACTERS:
        yield "AliasMalformed", _NO_SERVICE_NAME
    if destination.is_cidr:
        network = ipaddress.ip_network(destination.host)
        if network.prefixlen != network.max_prefixlen:
            yield "AliasNotSupported", _ALIAS_OF_ONE_ADDRESS
    elif len({":" in address for address in destination.addresses}) > 1:
        yield "AliasNotSupported", _ONE_FAMILY


_TOO_WIDE = "The range is wider than /24 (IPv4) or /48 (IPv6). Request the ranges really used."
_NEVER = (
    "Loopback, link-local, multicast, metadata and reserved addresses are never opened. Request "
    "the host's public addresses."
)
_NO_ACCOUNT = "The service account has a name that Kubernetes never gives. Check its spelling."
_RANGE_IS_NOT_HTTP = (
    "Addresses are reached by TLS or TCP: with HTTP the client would choose any of them by a "
    "header. Request TLS, TCP or a host name."
)
_WILDCARD_NEEDS_A_NAME = (
    "A wildcard needs a protocol in which the client says a name. Request TLS, or single hosts."
)
_ORIGINATION_ONLY_HTTP = (
    "TLS origination needs a host name, an HTTP protocol and port 80, or TCP with fixed addresses "
    "and an alias. Request it so, or without origination."
)
_ADDRESSES_OF_ONE_HOST = "Only a single host has fixed addresses. Request it without them."
_TOO_MANY_ADDRESSES = (
    f"A host has at most {MAX_ADDRESSES} fixed addresses. Request it without them, or fewer."
)
_NOT_ADDRESSES = "The fixed addresses are no list of IP addresses, each once. Request them again."
_NO_SERVICE_NAME = (
    "The alias cannot be the name of a Service: lower-case letters, digits and hyphens, beginning "
    "with a letter, at most 63 characters (60 for fixed addresses). Choose another one."
)
_ALIAS_OF_ONE_HOST = "An alias names one host, not a wildcard. Request the host itself."
_ALIAS_OF_ONE_ADDRESS = (
    "An alias names single addresses, not a range. Request each address as /32 or /128."
)
_ALIAS_ONLY_HTTP = (
    "A host that is reached by TLS or TCP cannot be called by an alias: its certificate, or the "
    "address of its own, belongs to its real name. Use the host itself."
)
_ONE_FAMILY = (
    "A Service for fixed addresses holds IPv4 or IPv6, not both. Request the addresses of one."
)
