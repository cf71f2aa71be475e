"""What somebody typed into the request form, kept letter by letter."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict

from egress.domain.access import Destination
from egress.domain.hosts import HostError, parse_pasted
from egress.domain.wording import quoted
from egress.models import CatalogueEntry, Request
from egress.services.requests import RequestDraft
from egress.web.forms.rows import MAX_ROWS, Row, row_of, rows_of

NO_END = "none"
NO_NUMBER = -1
"""Stands for a duration that is no number: the service refuses it with its own sentence."""


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
    preset: str = ""

    @classmethod
    def of_form(cls, data: QueryDict) -> "TypedRequest":
        """Return what the form or a deep link contains; what is not given keeps its default."""
        plain = ("cluster", "namespace", "service_account", "reason", "ticket", "paste", "preset")
        typed = {name: str(data.get(name, "")) for name in plain}
        duration = data.get("duration_days") or str(settings.DEFAULT_DURATION_DAYS)
        return cls(**typed, rows=rows_of(data) or (Row(),), duration=duration)

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

    @property
    def is_untouched(self) -> bool:
        """Whether nothing is said yet of who needs access, and why."""
        return not (self.namespace or self.service_account or self.reason)

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

    def read_as(self, understood: Iterable[Destination | None]) -> dict[str, str]:
        """Return the hosts that were understood otherwise than they were typed, by input.

        `understood` are the destinations in their order, None where one was not.
        """
        found = {}
        for place, destination in zip(self.filled, understood, strict=False):
            if destination and self.rows[place].host.strip() != destination.host:
                found[f"destinations-{place}-host"] = destination.host
        return found

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

    def without_rows(self, positions: Collection[int]) -> "TypedRequest":
        """Return the form without the rows at `positions`; one row always stays."""
        left = tuple(row for at, row in enumerate(self.rows) if at not in positions)
        return replace(self, rows=left or (Row(),))

    def with_row_changed(self, position: int, changes: Mapping[str, str]) -> "TypedRequest":
        """Return the form with other values in one row."""
        rows = list(self.rows)
        rows[position] = rows[position].changed(changes)
        return replace(self, rows=tuple(rows))

    def with_hosts_for(self, position: int, hosts: Iterable[str]) -> "TypedRequest":
        """Return the form with a row for each of `hosts` in place of one row, else like it."""
        instead = [replace(self.rows[position], host=host, alias="") for host in hosts]
        rows = (*self.rows[:position], *instead, *self.rows[position + 1 :])
        return replace(self, rows=rows[:MAX_ROWS] or (Row(),))

    def with_preset(self, entry: CatalogueEntry) -> "TypedRequest":
        """Return the form with the destinations of a catalogue entry added."""
        return replace(self.with_rows(map(row_of, entry.destinations)), preset="")

    def with_pasted(self) -> tuple["TypedRequest", list[str], tuple[str, ...]]:
        """Return the form with the pasted text as rows, what was not understood, and remarks."""
        try:
            found = parse_pasted(self.paste)
        except HostError as error:
            return self, [error.message], ()
        good = [Row(p.host, str(p.port), p.protocol) for p in found.destinations if not p.reason]
        wrong = [p for p in found.destinations if p.reason]
        # What was not understood stays in the box, to be mended there.
        rest = "\n".join(p.text for p in wrong)
        said = [f"{quoted(p.text)}: {p.message}" for p in wrong]
        return replace(self.with_rows(good), paste=rest), said, found.remarks


def _days(typed: str) -> int | None:
    if typed == NO_END:
        return None
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else NO_NUMBER
