"""Aliases: a second name for a destination inside the namespace (istio.md 6)."""

import ipaddress
from collections.abc import Iterator

from egress.domain.access import Enforcement
from egress.domain.naming import fixed_address_name, is_dns_label
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding
from egress.domain.refusals.contradictions import alias_meaning, is_one_service
from egress.domain.wording import quoted

_NAME_CHARACTERS = 63
_ALWAYS_THERE = {"default": "kubernetes"}
"""The Service that every cluster has, by its namespace; the posture knows the others."""


def alias(case: Case) -> Iterator[Finding]:
    """Refuse an alias that cannot work, and one that means something else already."""
    if not case.destination.alias:
        return
    problem = _unsupported(case) or _malformed(case) or _taken(case)
    if problem:
        yield case.refusal(problem[0], problem[1], "alias")


def _unsupported(case: Case) -> tuple[str, str] | None:
    destination, enforcement = case.destination, case.enforcement
    why = None
    if enforcement is Enforcement.AMBIENT:
        why = "Under ambient enforcement the waypoint does not know aliases. Use the host itself."
    elif destination.is_wildcard:
        why = "An alias names one host, not a wildcard. Use the hosts themselves."
    elif destination.is_cidr and not _is_single(destination.host):
        why = "An alias names single addresses. Request each of them as /32 or /128."
    elif destination.is_fixed_address and enforcement is not Enforcement.SIDECAR:
        why = (
            "Names for fixed addresses exist under sidecar enforcement only, because the way "
            "through the gateway needs a host. Request the host itself."
        )
    elif destination.is_fixed_address and len({":" in a for a in destination.addresses}) > 1:
        why = "A Service holds IPv4 or IPv6 addresses, not both. Give those of one kind."
    elif not destination.is_fixed_address and not destination.protocol.is_http_family:
        why = (
            f"By {destination.protocol} a host is reached under its own name only: its "
            "certificate, or the address that the mesh gave it, does not fit another one. Use "
            "the host itself."
        )
    if why is None:
        return None
    return "AliasNotSupported", f"{quoted(destination.alias)} cannot be an alias here. {why}"


def _malformed(case: Case) -> tuple[str, str] | None:
    name, most = case.destination.alias, _NAME_CHARACTERS
    if case.destination.is_fixed_address:
        most -= len(fixed_address_name(""))
    if is_dns_label(name) and name[0].isalpha() and len(name) <= most:
        return None
    return "AliasMalformed", (
        f"{quoted(name)} cannot be the name of a Service. Use at most {most} lower-case letters, "
        "digits and hyphens, beginning with a letter."
    )


def _taken(case: Case) -> tuple[str, str] | None:
    name, namespace = case.destination.alias, case.wish.subject.namespace
    if _ALWAYS_THERE.get(namespace) == name:
        return "AliasTaken", (
            f"Namespace {quoted(namespace)} has a Service {quoted(name)} already. Choose another "
            "alias."
        )
    granted = [
        access.destination
        for access in case.context.grants_of_namespace(namespace)
        if access.destination.alias == name
    ]
    wished = [found for found in case.wish.destinations if found.alias == name]
    others = [*granted, *wished[: wished.index(case.destination)]]
    for other in others:
        if alias_meaning(other) != alias_meaning(case.destination):
            return "AliasConflict", (
                f"The alias {quoted(name)} of this namespace means {quoted(other)} already. Choose "
                "another one."
            )
    if not is_one_service([*granted, *wished]):
        return "AliasConflict", (
            f"The addresses behind {quoted(name)} would have different ports, be IPv4 and IPv6 at "
            "once, or be too many, which one Service cannot hold. Request the same ports for each "
            "address, or another alias."
        )
    return None


def _is_single(cidr: str) -> bool:
    network = ipaddress.ip_network(cidr)
    return network.prefixlen == network.max_prefixlen
