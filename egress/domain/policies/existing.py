"""A wish beside the grants that exist already."""

from collections.abc import Iterator

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def already_granted(case: Case) -> Iterator[Finding]:
    """Refuse what the subject, or its whole namespace, has already; a renewal is no such case."""
    destination = case.destination
    if case.access == case.context.renewing:
        return
    for access in case.context.grants_of_host(destination.host):
        if allows(access, case.access):
            yield case.refusal(
                "AlreadyGranted",
                f"{quoted(access.subject)} has access to {quoted(destination)} already. Remove it "
                "from the request, or renew that grant.",
            )
            return


def shares_port(case: Case) -> Iterator[Finding]:
    """Warn when a namespace speaks HTTP to one host and TLS to another on the same port.

    With DNS capture each host has an address of its own, so none can hide another.
    """
    destination, namespace = case.destination, case.wish.subject.namespace
    if case.context.inventory.captures_dns(namespace, case.context.cluster):
        return
    for access in case.context.grants_of_namespace(namespace):
        other = access.destination
        if (
            other.port == destination.port
            and other.host != destination.host
            and {_family(other), _family(destination)} == {"HTTP", "TLS"}
        ):
            yield case.finding(
                "PortSharedByProtocols",
                f'On port "{destination.port}" this namespace reaches {quoted(other.host)} by '
                f"{other.protocol}; without DNS capture, one of the two may hide the other. Check "
                "both after approval.",
                Level.WARN,
                "port",
            )
            return


def allows(granted: Access, wished: Access) -> bool:
    """Tell whether what is granted contains what is wished: nobody has to ask for that again."""
    is_there = _contains(granted.destination, wished.destination)
    return is_there and _covers(granted.subject, wished.subject)


def _contains(granted: Destination, wished: Destination) -> bool:
    return granted == wished or (not wished.alias and granted.way == wished)


def _covers(holder: Subject, subject: Subject) -> bool:
    return holder == subject or (holder.is_namespace and holder.namespace == subject.namespace)


def _family(destination: Destination) -> str:
    if destination.protocol.is_http_family:
        return "HTTP"
    return "TLS" if destination.protocol is Protocol.TLS else "TCP"
