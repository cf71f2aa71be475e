"""Plain TCP: what the proxy tells hosts apart by, and protocols that only look like TLS."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, Protocol
from egress.domain.manifests.service_entry import needs_address
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.policies.support import is_version_known
from egress.domain.wording import quoted

_ALLOCATION_FLAG = "PILOT_ENABLE_IP_AUTOALLOCATE"
_WEB_PORTS = frozenset({80, 443, 8080, 8443})
_SERVER_SPEAKS_FIRST = {
    21: "FTP",
    22: "SSH",
    25: "SMTP",
    110: "POP3",
    119: "NNTP",
    143: "IMAP",
    587: "SMTP",
    2525: "SMTP",
    3306: "MySQL",
    4190: "ManageSieve",
    5900: "VNC",
}
_TLS_LATER = {
    389: "LDAP",
    1433: "SQL Server",
    3389: "remote desktops",
    5222: "XMPP",
    5432: "PostgreSQL",
}
"""The client speaks first, in clear text, and both agree on TLS only then."""

_CLIENT_SPEAKS_FIRST = frozenset(
    {*_TLS_LATER, *_WEB_PORTS, 636, 1521, 5671, 5672, 6379, 6380, 9092, 9093, 9042, 27017}
)
_OWN_ADDRESS = ("IST0134",)


def own_address(case: Case) -> Iterator[Finding]:
    """Refuse TCP by name where the mesh gives names no address (istio.md R-A7, PF8).

    Without one, the port would be taken over for the whole namespace. What is not known counts
    as missing: approving it would break what others do on that port.
    """
    if not needs_address(case.destination) or case.destination.is_wildcard:
        return
    namespace, cluster = case.wish.subject.namespace, case.context.cluster
    captures = case.context.inventory.captures_dns(namespace, cluster)
    if _gives_no_addresses(case):
        yield case.refusal(
            "AddressAllocationOff",
            f"This mesh gives external hosts no address of their own, so TCP on port "
            f"{quoted(case.destination.port)} would be taken over for the whole namespace. Give "
            "the host's fixed addresses, or ask an "
            f"admin for Istio 1.25 or newer with {_ALLOCATION_FLAG} on.",
            "protocol",
            _OWN_ADDRESS,
        )
    elif case.enforcement is not Enforcement.AMBIENT and not captures:
        yield _not_captured(case, is_known=captures is False)


def _not_captured(case: Case, *, is_known: bool) -> Finding:
    shown, port = quoted(case.wish.subject.namespace), quoted(case.destination.port)
    if is_known:
        what, whom = f"The proxies of {shown} do not answer DNS", "to set ISTIO_META_DNS_CAPTURE"
    else:
        what = f"Nobody knows whether the proxies of {shown} answer DNS"
        whom = "to look at the posture of the cluster"
    return case.refusal(
        "DnsCaptureOff" if is_known else "DnsCaptureUnknown",
        f"{what}, and without that TCP on port {port} would be taken over for the whole namespace. "
        f"Give the host's fixed addresses, or ask an admin {whom}. If the server speaks TLS from "
        "the first byte, request TLS.",
        "protocol",
        _OWN_ADDRESS,
    )


def _gives_no_addresses(case: Case) -> bool:
    cluster = case.context.cluster
    if _ALLOCATION_FLAG in cluster.flags:
        return not cluster.has(_ALLOCATION_FLAG)
    return is_version_known(cluster) and not cluster.is_at_least(1, 25)


def raw_tcp(case: Case) -> Iterator[Finding]:
    """Have TCP on the ports of the web reviewed: nobody looks at the bytes (istio.md 9)."""
    destination = case.destination
    if destination.protocol is Protocol.TCP and destination.port in _WEB_PORTS:
        yield case.finding(
            "RawTcpOnWebPort",
            f"TCP on port {quoted(destination.port)} carries any protocol unseen. Is it TLS? Then "
            "request TLS; if not, say in the reason what it is, and two approvers have to agree.",
            Level.REVIEW,
            "protocol",
        )


def speaks_tcp(case: Case) -> Iterator[Finding]:
    """Warn when a protocol that does not begin with the client's TLS is asked for as such.

    The proxy would wait for bytes that never come (istio.md 3.11).
    """
    destination = case.destination
    if destination.protocol is Protocol.TCP:
        return
    if known := _SERVER_SPEAKS_FIRST.get(destination.port):
        yield case.finding(
            "ServerSpeaksFirst",
            f"Port {quoted(destination.port)} usually serves {known}, where the server speaks "
            f"first: as {destination.protocol} the connection would hang. Request TCP.",
            Level.WARN,
            "protocol",
        )
    elif known := _TLS_LATER.get(destination.port):
        yield case.finding(
            "TlsBeginsLater",
            f"Port {quoted(destination.port)} usually serves {known}, which does not begin as "
            f"{destination.protocol}: connections would fail. Request TCP.",
            Level.WARN,
            "protocol",
        )


def greeting(case: Case) -> Iterator[Finding]:
    """Have TCP under ambient reviewed where the server may speak first (istio.md 5.3)."""
    destination = case.destination
    if (
        case.enforcement is not Enforcement.AMBIENT
        or destination.protocol is not Protocol.TCP
        or destination.port in _CLIENT_SPEAKS_FIRST
    ):
        return
    yield case.finding(
        "GreetingVisible",
        f"If the server at port {quoted(destination.port)} speaks first, every workload of the "
        "mesh receives its greeting, though none without a grant can answer. Two approvers have to "
        "agree; only gateway enforcement is free of this.",
        Level.REVIEW,
        "port",
    )
