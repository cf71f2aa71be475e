"""What somebody typed into the request form, kept letter by letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict

from egress.domain.access import Protocol, Resolution
from egress.domain.hosts import HostError, parse_pasted
from egress.domain.wording import quoted
from egress.models import CatalogueEntry, Request, RequestDestination
from egress.services.requests import DestinationDraft, RequestDraft

NO_END = "none"
MAX_ROWS = 100
"""Rows read from one form: more than a request may have, so that the service refuses them."""
NO_NUMBER = -1
"""Stands for a duration that is no number: the service refuses it with its own sentence."""


PARTS = ("host", "port", "protocol", "tls_origination", "addresses", "alias", "long_lived")
"""The inputs of one destination."""

_CHECKED = ("on", "true", "1")


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


@dataclass(frozen=True)
class TypedRequest:
    """The content of the request form. `duration` is a number of days or `none`."""

    cluster: str = ""
    namespace: str = ""
    service_account: str = ""
    rows: tuple[Row, ...] = (Row(),)
    reason: str = ""
    ticket: str = ""
    duration: str = field(default_factory=lambda: str(settings.DEFAULT_DURATION_DAYS))
    paste: str = ""

    @classmethod
    def of_form(cls, data: QueryDict) -> "TypedRequest":
        """Return what the form or a deep link contains; what is not given keeps its default."""
        plain = ("cluster", "namespace", "service_account", "reason", "ticket", "paste")
        typed = {name: str(data.get(name, "")) for name in plain}
        duration = data.get("duration_days") or str(settings.DEFAULT_DURATION_DAYS)
        return cls(**typed, rows=_rows_of(data) or (Row(),), duration=duration)

    @classmethod
    def of_request(cls, request: Request) -> "TypedRequest":
        """Return the form as it must have looked for `request`, to edit or to clone it."""
        rows = tuple(Row.of(asked) for asked in request.destinations.all())
        days = request.duration_days
        return cls(
            cluster=request.cluster.name,
            namespace=request.namespace,
            service_account=request.service_account,
            rows=rows,
            reason=request.reason,
            ticket=request.ticket,
            duration=NO_END if days is None else str(days),
        )

    @property
    def filled(self) -> list[int]:
        """The positions of rows in which something was typed."""
        return [position for position, row in enumerate(self.rows) if not row.is_blank]

    def draft(self) -> RequestDraft:
        """Return the request for the service; empty rows are left out."""
        return RequestDraft(
            cluster=self.cluster.strip(),
            namespace=self.namespace.strip(),
            service_account=self.service_account.strip(),
            destinations=tuple(self.rows[position].draft() for position in self.filled),
            reason=self.reason,
            ticket=self.ticket,
            duration_days=_days(self.duration),
        )

    def field_of(self, path: str) -> str:
        """Return the name of the input that a service or a policy means by `path`.

        Destinations are counted without empty rows there and with them here.
        """
        head, _, rest = path.partition(".")
        if head == "duration":
            return "duration_days"
        if head != "destinations" or not rest:
            return head
        number, _, part = rest.partition(".")
        filled = self.filled
        if not number.isdigit() or int(number) >= len(filled):
            return "destinations"
        return f"destinations-{filled[int(number)]}-{part or 'host'}"

    def query(self) -> str:
        """Return the query string of a deep link that fills the form like this."""
        pairs = [
            ("cluster", self.cluster),
            ("namespace", self.namespace),
            ("service_account", self.service_account),
        ]
        for position, row in enumerate(self.rows):
            prefix = f"destinations-{position}"
            pairs += [
                (f"{prefix}-host", row.host),
                (f"{prefix}-port", row.port),
                (f"{prefix}-protocol", row.protocol),
                (f"{prefix}-tls_origination", "on" if row.tls_origination else ""),
                (f"{prefix}-addresses", row.addresses),
                (f"{prefix}-alias", row.alias),
                (f"{prefix}-long_lived", "on" if row.long_lived else ""),
            ]
        pairs += [
            ("reason", self.reason),
            ("ticket", self.ticket),
            ("duration_days", self.duration),
        ]
        return urlencode([(name, value) for name, value in pairs if value])

    def with_rows(self, added: Iterable[Row]) -> "TypedRequest":
        """Return the form with more rows; those that are there already are not repeated."""
        kept = [row for row in self.rows if not row.is_blank]
        kept += [row for row in added if row not in kept]
        return replace(self, rows=tuple(kept[:MAX_ROWS]) or (Row(),))

    def with_blank_row(self) -> "TypedRequest":
        """Return the form with one more empty row."""
        return replace(self, rows=(*self.rows, Row())[:MAX_ROWS])

    def without_row(self, position: int) -> "TypedRequest":
        """Return the form without the row at `position`; one row always stays."""
        rows = self.rows[:position] + self.rows[position + 1 :]
        return replace(self, rows=rows or (Row(),))

    def with_preset(self, entry: CatalogueEntry) -> "TypedRequest":
        """Return the form with the destinations of a catalogue entry added."""
        return self.with_rows(_row_of(asked) for asked in entry.destinations)

    def with_pasted(self) -> tuple["TypedRequest", list[str]]:
        """Return the form with the pasted text turned into rows, and what was not understood."""
        try:
            found = parse_pasted(self.paste)
        except HostError as error:
            return self, [error.message]
        good = [Row(p.host, str(p.port), p.protocol) for p in found if not p.reason]
        bad = [f"{quoted(p.text)}: {p.message}" for p in found if p.reason]
        # What was not understood stays in the box, to be mended there.
        rest = "\n".join(p.text for p in found if p.reason)
        return replace(self.with_rows(good), paste=rest), bad


def _days(typed: str) -> int | None:
    if typed == NO_END:
        return None
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else NO_NUMBER


def _rows_of(data: QueryDict) -> tuple[Row, ...]:
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


def _row_of(asked: object) -> Row:
    stored = cast("Mapping[str, object]", asked)
    return Row(
        str(stored.get("host", "")),
        str(stored.get("port", "")),
        str(stored.get("protocol", Protocol.TLS)),
        bool(stored.get("tls_origination", False)),
    )
