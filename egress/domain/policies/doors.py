"""Doors of the egress gateway: their names, who stands on their lists, and for how long."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, Protocol, Resolution
from egress.domain.naming import door
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_MAX_NAME = 253


def door_name(case: Case) -> Iterator[Finding]:
    """Refuse a door whose name no handshake can carry (istio.md 10.4)."""
    if not is_door(case):
        return
    destination, namespace = case.destination, case.wish.subject.namespace
    excess = len(door(destination.host, destination.port, namespace)) - _MAX_NAME
    if excess > 0:
        yield case.refusal(
            "DoorNameTooLong",
            f"Together with port and namespace, {quoted(destination.host)} is {excess} characters "
            "longer than the gateway can tell apart. Request it from a namespace with a shorter "
            "name, or a shorter host.",
            "host",
        )


def door_identities(case: Case) -> Iterator[Finding]:
    """Refuse a door that nobody could be let through (istio.md R-B15, R-B16)."""
    subject = case.wish.subject
    facts = case.context.facts_of(subject.namespace)
    if not is_door(case) or not subject.is_namespace or facts is None or facts.service_accounts:
        return
    yield case.refusal(
        "DoorWithoutIdentities",
        f"No service account of {quoted(subject.namespace)} is known yet, so the gateway could let "
        "nobody in. Wait until the namespace is read, or request it for a service account.",
        "protocol",
    )


def long_lived(case: Case) -> Iterator[Finding]:
    """Recommend a service account where a new account would close connections (R-B15)."""
    destination, subject = case.destination, case.wish.subject
    stays = (
        destination.protocol is Protocol.TCP or destination.resolution is Resolution.DNS_ROUND_ROBIN
    )
    if is_door(case) and subject.is_namespace and stays:
        yield case.finding(
            "LongLivedNamespaceGrant",
            f"Whenever {quoted(subject.namespace)} gets or loses a service account, its open "
            f"connections to {quoted(destination.host)} are closed after a minute. Request it for "
            "the service account that needs it.",
            Level.WARN,
            "protocol",
        )


def is_door(case: Case) -> bool:
    """Tell whether the destination is reached through a door of an egress gateway."""
    is_http = case.destination.protocol.is_http_family
    return case.enforcement is Enforcement.GATEWAY and not is_http
