"""The rows of the request form: one destination each, kept letter by letter."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from django.http import QueryDict

from egress.domain.access import Protocol, Resolution
from egress.models import RequestDestination
from egress.services.requests import DestinationDraft

MAX_ROWS = 100
"""Rows read from one form: more than a request may have, so that the service refuses them."""
PARTS = ("host", "port", "protocol", "tls_origination", "addresses", "alias", "long_lived")
"""The inputs of one destination."""

_CHECKED = ("on", "true", "1")
_CHECKBOXES = ("tls_origination", "long_lived")


@dataclass(frozen=True)
class Row:
    """One destination as typed; `addresses` in one line, with commas or blanks between them."""

    host: str = ""
    port: str = "443"
    protocol: str = Protocol.TLS
    tls_origination: bool = False
    addresses: str = ""
    alias: str = ""
    long_lived: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether no host was typed: an empty row is no mistake, and its port stands there."""
        return not self.host.strip()

    def draft(self) -> DestinationDraft:
        """Return the destination for the service."""
        return DestinationDraft(
            self.host,
            self.port,
            self.protocol,
            self.tls_origination,
            addresses=self.addresses.replace(",", " ").split(),
            long_lived=self.long_lived,
            alias=self.alias.strip(),
        )

    def changed(self, changes: Mapping[str, str]) -> "Row":
        """Return the row with other values, as a form would send them."""
        typed = {
            name: value in _CHECKED if name in _CHECKBOXES else value
            for name, value in changes.items()
            if name in PARTS
        }
        return replace(self, **typed)  # type: ignore[arg-type]

    @property
    def has_options(self) -> bool:
        """Whether something was typed that most destinations do not need."""
        return bool(self.addresses.strip() or self.alias.strip() or self.long_lived)

    @classmethod
    def of(cls, asked: RequestDestination) -> "Row":
        """Return the row as it must have been typed for a stored destination."""
        return cls(
            asked.host,
            str(asked.port),
            asked.protocol,
            asked.tls_origination,
            ", ".join(asked.addresses),
            asked.alias,
            asked.resolution == Resolution.DNS_ROUND_ROBIN,
        )


def rows_of(data: QueryDict) -> tuple[Row, ...]:
    """Return the rows of a form, or of a deep link that repeats `host`, `port`, `protocol`."""
    positions = sorted(
        {
            int(parts[1])
            for name in data
            if len(parts := name.split("-")) == 3
            and parts[0] == "destinations"
            and parts[1].isascii()
            and parts[1].isdigit()
            and len(parts[1]) <= 4
        }
    )
    if not positions:
        return _rows_of_link(data)
    return tuple(_row_at(data, f"destinations-{position}-") for position in positions[:MAX_ROWS])


def _row_at(data: QueryDict, prefix: str) -> Row:
    return Row(
        host=data.get(f"{prefix}host", ""),
        port=data.get(f"{prefix}port", ""),
        protocol=data.get(f"{prefix}protocol", Protocol.TLS),
        tls_origination=data.get(f"{prefix}tls_origination", "") in _CHECKED,
        addresses=data.get(f"{prefix}addresses", ""),
        alias=data.get(f"{prefix}alias", ""),
        long_lived=data.get(f"{prefix}long_lived", "") in _CHECKED,
    )


def _rows_of_link(data: QueryDict) -> tuple[Row, ...]:
    hosts, ports, protocols = (data.getlist(name) for name in ("host", "port", "protocol"))
    origination = data.get("tls_origination", "") in _CHECKED
    rows = []
    for position, host in enumerate(hosts[:MAX_ROWS]):
        port = ports[position] if position < len(ports) else "443"
        guess = Protocol.HTTP if port == "80" else Protocol.TLS if port == "443" else Protocol.TCP
        protocol = protocols[position] if position < len(protocols) else guess
        rows.append(Row(host, port, protocol, origination))
    return tuple(rows)


def row_of(asked: object) -> Row:
    stored = cast("Mapping[str, object]", asked)
    return Row(
        str(stored.get("host", "")),
        str(stored.get("port", "")),
        str(stored.get("protocol", Protocol.TLS)),
        bool(stored.get("tls_origination", False)),
    )
