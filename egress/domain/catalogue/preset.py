"""What a preset is, and short ways to write down its destinations."""

from dataclasses import dataclass
from enum import StrEnum

from egress.domain.access import Destination, Protocol


class Category(StrEnum):
    """What people look for when they look through the catalogue."""

    CODE = "Code hosting"
    CONTAINERS = "Container registries"
    SYSTEM = "Operating system packages"
    CLOUD = "Cloud APIs"
    MONITORING = "Monitoring"
    CERTIFICATES = "Certificate authorities"
    PAYMENT = "Payment"
    MAIL = "Mail and text messages"
    CHAT = "Chat"
    DATA = "Public data"


@dataclass(frozen=True)
class Preset:
    """A service people know by name, and the destinations it needs.

    `name` is unique and never changes: presets that were loaded are known by it. `note` says what
    an approver or a developer should know; `source` is where its owner publishes the hosts.
    """

    name: str
    title: str
    category: Category
    description: str
    note: str
    destinations: tuple[Destination, ...]
    source: str

    @property
    def text(self) -> str:
        """Return all that is said about the preset."""
        return f"{self.category}. {self.description} {self.note} Hosts after {self.source}."


def tls(*hosts: str) -> tuple[Destination, ...]:
    """Return `hosts` as HTTPS that the application speaks itself."""
    return tuple(Destination(host, 443, Protocol.TLS) for host in hosts)


def http(*hosts: str) -> tuple[Destination, ...]:
    """Return `hosts` in clear text on port 80."""
    return tuple(Destination(host, 80, Protocol.HTTP) for host in hosts)


def tcp(port: int, *hosts: str) -> tuple[Destination, ...]:
    """Return one port of `hosts` for a protocol in which the server speaks first."""
    return tuple(Destination(host, port, Protocol.TCP) for host in hosts)


def originated(*hosts: str) -> tuple[Destination, ...]:
    """Return `hosts` as plain HTTP of the application and TLS of the mesh."""
    return tuple(Destination(host, 80, Protocol.HTTP, tls_origination=True) for host in hosts)
