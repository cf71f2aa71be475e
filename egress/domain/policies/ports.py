"""Ports that Istio keeps for itself, and ports that give control over machines."""

from collections.abc import Iterator

from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level

_RESERVED = range(15000, 15100)
_CONTROL_PORTS = {
    22: "SSH",
    25: "mail delivery",
    3389: "remote desktops",
    6443: "the Kubernetes API",
    10250: "the kubelet",
}


def port(case: Case) -> Iterator[Finding]:
    """Judge a port number by itself (istio.md 9)."""
    number = case.destination.port
    if not 1 <= number <= 65535:
        message = f'"{number}" is no port. Type a number from 1 to 65535.'
        yield case.finding("PortOutOfRange", message, Level.BLOCK, "port")
    elif number in _RESERVED:
        yield case.finding(
            "PortReserved",
            f'Istio keeps ports 15000 to 15099 for itself, so "{number}" would open its own '
            "services or never work. Ask the owner for another port.",
            Level.BLOCK,
            "port",
        )
    elif number in _CONTROL_PORTS:
        yield case.finding(
            "PortOfControl",
            f'Port "{number}" serves {_CONTROL_PORTS[number]}. Say in the reason what it is for; '
            "two approvers have to agree.",
            Level.REVIEW,
            "port",
        )
