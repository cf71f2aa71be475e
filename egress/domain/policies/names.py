"""Names that must not be opened: the cluster's own, reserved ones, and those that point inside."""

import ipaddress
import re
from collections.abc import Iterator

from egress.domain.hosts.suffixes import has_public_top_level, is_public_suffix, is_registry_suffix
from egress.domain.naming import OWN_ZONE
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_METADATA = frozenset(
    {
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
    }
)
_POINTING_ANYWHERE = frozenset(
    {
        "1u.ms",
        "fuf.me",
        "lacolhost.com",
        "localtest.me",
        "lvh.me",
        "nip.io",
        "rbndr.us",
        "sslip.io",
        "traefik.me",
        "vcap.me",
        "xip.io",
    }
)
"""Services whose names answer with whatever address the name spells out, or with 127.0.0.1."""

_NEVER_TOP_LEVELS = frozenset({"arpa", "invalid", "localdomain", "localhost", "onion", "svc"})
_PRIVATE_TOP_LEVELS = frozenset(
    {"alt", "corp", "home", "internal", "intranet", "lan", "local", "mail", "private", "test"}
)
_EMBEDDED_IPV4 = re.compile(
    r"(?<![0-9a-z])(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})(?![0-9a-z])"
)
_INSIDE = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
)


def leads_inside(host: str) -> bool:
    """Tell whether a name, in lower case, is one that no server of the internet should have."""
    is_reserved = host.rpartition(".")[2] in _NEVER_TOP_LEVELS | _PRIVATE_TOP_LEVELS
    return is_reserved or host in _METADATA or any(_is_below(host, d) for d in _POINTING_ANYWHERE)


def internal_name(case: Case) -> Iterator[Finding]:
    """Refuse names that mean something inside, and names that no public DNS knows.

    istio.md 9: an entry for such a name would beat the cluster's own service of that name.
    """
    host = case.destination.host.removeprefix("*.")
    if case.destination.is_cidr:
        return
    refusal = _refusal(case, host)
    if refusal:
        yield case.finding(refusal[0], refusal[1], Level.BLOCK, "host")
        return
    zone = _allowed_zone(case, host)
    if zone:
        yield case.finding(
            "PrivateZone",
            f"{quoted(host)} is in the private zone {quoted(zone)} that admins allowed. Two "
            "approvers have to agree.",
            Level.REVIEW,
            "host",
        )
        return
    yield from _unknown_to_public_dns(case, host)
    yield from _embedded_address(case, host)


def _refusal(case: Case, host: str) -> tuple[str, str] | None:
    cluster = case.context.cluster
    shown = quoted(host)
    last = host.rpartition(".")[2]
    if _is_below(host, cluster.cluster_domain) or _is_below(host, "cluster.local") or last == "svc":
        return "ClusterName", f"{shown} is a name of the cluster itself. {_NO_GRANT_NEEDED}"
    if host in _METADATA:
        return "MetadataName", (
            f"{shown} hands out credentials of the machine. It is never opened; use the workload "
            "identity of your cloud."
        )
    if any(_is_below(host, domain) for domain in _POINTING_ANYWHERE):
        return "NamePointsAnywhere", (
            f"{shown} answers with any address its name spells out. Request the real name of the "
            "service."
        )
    if last in _NEVER_TOP_LEVELS or _is_below(host, OWN_ZONE):
        return "ReservedName", f"{shown} is reserved and is never opened. Request a public name."
    if last in case.context.inventory.namespaces or host == "kubernetes.default":
        return "NamespaceName", (
            f"{shown} ends like the namespace {quoted(last)}, so it would take over a short name "
            f"of the cluster. {_NO_GRANT_NEEDED}"
        )
    return None


_NO_GRANT_NEEDED = "Traffic inside the cluster needs no grant; request the public name of the host."


def _unknown_to_public_dns(case: Case, host: str) -> Iterator[Finding]:
    last = host.rpartition(".")[2]
    if last in _PRIVATE_TOP_LEVELS or not has_public_top_level(host):
        yield case.finding(
            "NameNotPublic",
            f"{quoted(host)} ends in {quoted('.' + last)}, which the public DNS does not know. "
            "Check the spelling, or ask an admin to allow that private zone for this cluster.",
            Level.BLOCK,
            "host",
        )
    elif is_registry_suffix(host) or (case.destination.is_wildcard and is_public_suffix(host)):
        yield case.finding(
            "NameOwnedByNobody",
            f"Anybody can register names below {quoted(host)}, so nobody answers for it. Request "
            "the full name of the host.",
            Level.BLOCK,
            "host",
        )


def _embedded_address(case: Case, host: str) -> Iterator[Finding]:
    for address in _addresses_in(host):
        if any(address in network for network in _INSIDE):
            yield case.finding(
                "AddressInName",
                f"{quoted(host)} spells out the private address {quoted(address)}, to which it may "
                "lead. Request a name that its owner gave, or let two approvers agree.",
                Level.REVIEW,
                "host",
            )
            return


def _addresses_in(host: str) -> Iterator[ipaddress.IPv4Address]:
    for parts in _EMBEDDED_IPV4.findall(host):
        if all(int(part) < 256 for part in parts):
            yield ipaddress.IPv4Address(".".join(str(int(part)) for part in parts))


def _allowed_zone(case: Case, host: str) -> str | None:
    zones = case.context.allowed_private_zones
    return next((zone for zone in zones if _is_below(host, zone)), None)


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
