"""A wish beside the grants that exist already."""

from collections.abc import Iterator

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def already_granted(case: Case) -> Iterator[Finding]:
    """Refuse what the subject, or its whole namespace, has already; a renewal is no such case."""
    subject, destination = case.wish.subject, case.destination
    if Access(subject, destination) == case.context.renewing:
        return
    for access in case.context.grants:
        if access.destination == destination and _covers(access.subject, subject):
            yield case.finding(
                "AlreadyGranted",
                f"{quoted(access.subject)} has access to {quoted(destination)} already. Remove it "
                "from the request, or renew that grant.",
                Level.BLOCK,
            )
            return


def agrees_with_grants(case: Case) -> Iterator[Finding]:
    """Refuse to speak to a granted port in another way: one ServiceEntry port has one protocol."""
    destination = case.destination
    for other in _destinations_of_namespace(case):
        same_port = (other.host, other.port) == (destination.host, destination.port)
        if same_port and other != destination:
            yield case.finding(
                "ProtocolConflict",
                f"Namespace {quoted(case.wish.subject.namespace)} was granted {quoted(other)}, and "
                f"a port is spoken to in one way only, so {quoted(destination)} is refused. "
                "Request the same protocol, or revoke that grant first.",
                Level.BLOCK,
                "protocol",
            )
            return


def shares_port(case: Case) -> Iterator[Finding]:
    """Warn when a namespace speaks HTTP to one host and TLS to another on the same port."""
    destination = case.destination
    for other in _destinations_of_namespace(case):
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


def _destinations_of_namespace(case: Case) -> Iterator[Destination]:
    for access in case.context.grants:
        if access.subject.namespace == case.wish.subject.namespace:
            yield access.destination


def _covers(holder: Subject, subject: Subject) -> bool:
    return holder == subject or (holder.is_namespace and holder.namespace == subject.namespace)


def _family(destination: Destination) -> str:
    if destination.protocol.is_http_family:
        return "HTTP"
    return "TLS" if destination.protocol is Protocol.TLS else "TCP"
