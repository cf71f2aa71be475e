"""Requests and grants as they are printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kubectl_egress import output
from kubectl_egress.destinations import Destination
from kubectl_egress.errors import Exit, Failure

Row = Mapping[str, Any]

STATUSES = {
    "request": ("pending", "approved", "denied", "withdrawn", "lapsed"),
    "grant": ("pending", "active", "expiring", "suspended", "expired", "revoked", "lapsed"),
}
"""How requests and grants can stand, as the portal calls it."""

REQUEST_HEADINGS = ("NAME", "STATUS", "SUBJECT", "DESTINATIONS", "REQUESTER", "ASKED")
GRANT_HEADINGS = ("NAME", "STATUS", "SUBJECT", "DESTINATION", "APPLIED", "EXPIRES")


def request_row(row: Row) -> tuple[object, ...]:
    """Return the columns of a request."""
    hosts = [output.destination(each) for each in row.get("destinations") or []]
    shown = ", ".join(hosts[:2]) + (f" and {len(hosts) - 2} more" if len(hosts) > 2 else "")
    asked = output.moment(row.get("created_at"))
    name = output.name_of("request", row)
    return name, row.get("status"), output.subject(row), shown, row.get("requester"), asked


def grant_row(row: Row) -> tuple[object, ...]:
    """Return the columns of a grant."""
    applied = bool((row.get("conditions") or {}).get("applied"))
    expires = output.moment(row.get("expires_at"))
    name, where = output.name_of("grant", row), output.destination(row)
    return name, row.get("status"), output.subject(row), where, applied, expires


def show_request(row: Row, link: str) -> None:
    """Print a request with all an approver wants to know."""
    days = row.get("duration_days")
    output.facts(
        [
            ("Request", output.name_of("request", row)),
            ("Status", row.get("status")),
            ("Subject", output.subject(row)),
            ("Reason", row.get("reason")),
            ("Ticket", row.get("ticket")),
            ("Duration", f"{days} days" if days else "no end date"),
            ("Requester", row.get("requester")),
            ("Asked", output.moment(row.get("created_at"))),
            ("Revision", row.get("revision")),
            ("Decided by", row.get("decided_by")),
            ("Note", row.get("decision_note")),
            ("Grants", [f"grant/{number}" for number in row.get("grants") or []]),
            ("Page", link),
        ]
    )
    output.say()
    rows = row.get("destinations") or []
    marks = [(output.destination(one), _special(one), one.get("verdict")) for one in rows]
    output.table(("DESTINATION", "SPECIAL", "VERDICT"), marks)
    show_findings(row.get("findings") or [])


def show_grant(row: Row, link: str) -> None:
    """Print a grant."""
    conditions = row.get("conditions") or {}
    output.facts(
        [
            ("Grant", output.name_of("grant", row)),
            ("Status", row.get("status")),
            ("Subject", output.subject(row)),
            ("Destination", output.destination(row)),
            ("Special", _special(row)),
            ("Request", f"request/{row.get('request')}"),
            ("Granted by", row.get("granted_by")),
            ("Active since", output.moment(row.get("active_at"))),
            ("Expires", output.moment(row.get("expires_at"))),
            ("Ended", output.moment(row.get("ended_at"))),
            ("Ended by", row.get("ended_by")),
            ("End reason", row.get("end_reason")),
            ("Applied", bool(conditions.get("applied"))),
            ("Enforced", bool(conditions.get("enforced"))),
            ("Drifted", bool(conditions.get("drifted"))),
            ("Failed", conditions.get("failed_message")),
            ("Seen gone", bool(conditions.get("confirmed_gone"))),
            ("Page", link),
        ]
    )


def _special(row: Row) -> str:
    """Return what is unusual about a destination: an approver must not miss it."""
    parts = [
        "TLS origination" if row.get("tls_origination") else "",
        "long lived" if row.get("long_lived") else "",
        f"alias {row['alias']}" if row.get("alias") else "",
        f"addresses {', '.join(row['addresses'])}" if row.get("addresses") else "",
    ]
    return "; ".join(part for part in parts if part)


def show_findings(findings: Sequence[Row]) -> None:
    """Print findings, nothing without any."""
    if findings:
        output.say()
        names = ("level", "reason", "field", "message")
        rows = [tuple(finding.get(name) for name in names) for finding in findings]
        output.table([name.upper() for name in names], rows)


@dataclass(frozen=True)
class Preview:
    """The answer to a dry run."""

    told: Row

    @property
    def refused(self) -> bool:
        """Tell whether the portal would refuse it."""
        findings = self.told.get("findings") or []
        blocked = any(finding.get("level") == "block" for finding in findings)
        return bool(self.told.get("errors")) or blocked

    @property
    def exit_code(self) -> Exit:
        """Return how a command that printed it ends."""
        return Exit.REFUSED if self.refused else Exit.OK

    @property
    def manifests(self) -> str:
        """Return the objects that would be written, as YAML."""
        return str(self.told.get("manifests") or "")

    def objects(self) -> list[dict[str, Any]]:
        """Return the objects."""
        read = yaml.safe_load_all(self.manifests)
        return [one for one in read if isinstance(one, dict)]

    def show(self) -> None:
        """Print what would happen."""
        for sentence in self.told.get("sentences") or []:
            output.say(output.plain(sentence))
        for field, sentences in (self.told.get("errors") or {}).items():
            for sentence in sentences:
                output.say(f"{field}: {output.plain(sentence)}")
        show_findings(self.told.get("findings") or [])
        names = ", ".join(self.told.get("approvers") or []) or "nobody"
        output.say()
        output.say(f"Approvers: {names} ({self.told.get('approvals_needed')} needed)")
        if self.manifests:
            output.say()
            output.say(self.manifests.rstrip("\n"))


def with_hosts(failure: Failure, asked: Sequence[Destination]) -> Failure:
    """Return a failure whose lines name hosts beside the positions of destinations."""

    def named(line: str) -> str:
        path, mark, rest = line.partition(": ")
        parts = path.split(".")
        is_one = parts[0] == "destinations" and len(parts) > 1 and parts[1].isdecimal()
        if not (mark and is_one and int(parts[1]) < len(asked)):
            return line
        return f"{path} ({asked[int(parts[1])].host}): {rest}"

    lines = [named(line) for line in failure.details]
    return Failure(failure.message, failure.exit_code, lines, failure.reason)
