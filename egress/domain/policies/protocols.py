"""Whether protocol and port fit together, and what clear text means."""

from collections.abc import Iterator

from egress.domain.access import Destination, Enforcement, Protocol
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_TLS_PORTS = frozenset({443, 8443})
_HTTP_PORTS = frozenset({80, 8080})


def protocol_fits_port(case: Case) -> Iterator[Finding]:
    """Compare protocol and port.

    On 80 and 443 a wrong one is refused: the listener it creates serves the whole namespace, so
    it would break what everybody else there does on that port (istio.md 9).
    """
    destination = case.destination
    if destination.protocol.is_http_family and destination.port in _TLS_PORTS:
        yield case.finding(
            "HttpOnTlsPort",
            f'Port "{destination.port}" usually carries TLS, and {destination.protocol} there '
            "means that the application sends clear text. Request TLS, or port 80 with TLS "
            "origination.",
            Level.BLOCK if destination.port == 443 else Level.WARN,
            "protocol",
        )
    elif destination.protocol is Protocol.TLS and destination.port in _HTTP_PORTS:
        yield case.finding(
            "TlsOnHttpPort",
            f'Port "{destination.port}" usually carries HTTP in clear text. Request port 443 for '
            "TLS, or HTTP.",
            Level.BLOCK if destination.port == 80 else Level.WARN,
            "protocol",
        )


def origination_fits(case: Case) -> Iterator[Finding]:
    """Allow TLS origination where the proxy knows what certificate to expect (R-B6, R-B13, 10.4).

    That is one host, by HTTP on port 80; by TCP only behind a Service of its own, for which both
    the name in the certificate and the addresses are given (istio.md 6).
    """
    destination = case.destination
    if not destination.tls_origination:
        return
    is_fixed = destination.is_fixed_address and bool(destination.addresses)
    if destination.is_cidr or destination.is_wildcard:
        yield case.refusal(
            "OriginationNeedsHost",
            f"The proxy would not know whose certificate to expect behind "
            f"{quoted(destination.host)}. Request a single host, or switch TLS origination off.",
            "tls_origination",
        )
    elif not destination.protocol.is_http_family and not is_fixed:
        other_way = (
            ", or give the host's fixed addresses and an alias"
            if destination.protocol is Protocol.TCP and case.enforcement is Enforcement.SIDECAR
            else ""
        )
        yield case.refusal(
            "OriginationNeedsHttp",
            f"The proxy cannot originate TLS for {quoted(destination.protocol)}. Choose HTTP, "
            f"HTTP2 or GRPC{other_way}, or switch TLS origination off.",
            "tls_origination",
        )
    elif destination.protocol.is_http_family and destination.port != 80:
        yield case.refusal(
            "OriginationNeedsPort80",
            f'TLS origination starts at port 80, not at "{destination.port}". Request port 80, and '
            "let the application call http:// on it.",
            "tls_origination",
        )


def clear_text(case: Case) -> Iterator[Finding]:
    """Warn of clear text on the Internet, and of a listener that is shared by the namespace."""
    destination = case.destination
    if not destination.protocol.is_http_family:
        return
    if not destination.tls_origination:
        yield case.finding(
            "ClearText",
            f"{quoted(destination.host)} would be reached in clear text, which anybody on the way "
            f"can read and change. {_better(destination)}",
            Level.WARN,
            "protocol",
        )
    if destination.port != 80:
        yield case.finding(
            "HttpListenerShared",
            f'From now on, everything in the namespace that uses port "{destination.port}" is read '
            "as HTTP. Check that nothing there speaks another protocol on that port.",
            Level.WARN,
            "port",
        )


def _better(destination: Destination) -> str:
    if destination.port == 80:
        return "Switch TLS origination on, or request TLS on port 443."
    return "Request TLS if the host offers it."
