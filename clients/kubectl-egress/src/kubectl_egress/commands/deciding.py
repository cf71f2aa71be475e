"""Approve, deny, revoke."""

from typing import Any

import click

from kubectl_egress import destinations, options, output, words
from kubectl_egress.commands.asking import print_request
from kubectl_egress.errors import Exit, Failure, usage
from kubectl_egress.portal import Portal

_ENDED = frozenset({"expired", "revoked", "lapsed"})
_BY_WEIGHT = (Exit.MISSING, Exit.REFUSED, Exit.NOT_ALLOWED, Exit.UNREACHABLE)
"""How a grant can fail to end, the worst last: nobody knows what became of an unreachable one."""


@click.command("approve")
@click.argument("request", type=options.reference("request", only=True))
@click.option("--note", default="", metavar="TEXT", help="A word to the requester.")
@click.option(
    "--except", "excepted", multiple=True, metavar="HOST", help="Deny this one; may be repeated."
)
@click.option("--duration", type=options.shorter, metavar="DAYS", help="Shorter than asked for.")
@click.option("--revision", type=click.IntRange(1), help="Only if it is still this revision.")
@options.yes_option
@options.portal_options
@options.output_option()
def approve_command(
    portal: Portal, request: tuple[str, int], form: str, yes: bool, **values: Any
) -> Exit:
    """Approve a request, in whole or in part.

    What would be approved is shown first, and what is sent is bound to the revision that was
    shown: a request that is edited meanwhile is not approved.
    """
    row = _shown(portal, request, values["revision"])
    body: dict[str, Any] = {"revision": row["revision"], "note": values["note"]}
    if values["excepted"]:
        body["verdicts"] = _denials(row, values["excepted"])
    if values["duration"] is not None:
        body["duration_days"] = values["duration"]
    but = f", except {', '.join(values['excepted'])}" if values["excepted"] else ""
    options.confirm(f"Approve request/{row['id']}{but}?", yes=yes)
    decided = portal.post(f"requests/{row['id']}/approve/", body)
    if decided.get("status") == "pending":
        output.tell(f"Your approval of request/{row['id']} counts; somebody else has to agree.")
    else:
        output.tell(f"request/{row['id']} is {decided.get('status')}.")
    if form != "table":
        print_request(portal, decided, form)
    return Exit.OK


@click.command("deny")
@click.argument("request", type=options.reference("request", only=True))
@click.option("--note", required=True, metavar="TEXT", help="Why: the requester reads it.")
@click.option("--revision", type=click.IntRange(1), help="Only if it is still this revision.")
@options.yes_option
@options.portal_options
@options.output_option()
def deny_command(
    portal: Portal, request: tuple[str, int], form: str, yes: bool, **values: Any
) -> Exit:
    """Deny a request, and say why."""
    row = _shown(portal, request, values["revision"])
    options.confirm(f"Deny request/{row['id']}?", yes=yes)
    body = {"revision": row["revision"], "note": values["note"]}
    decided = portal.post(f"requests/{row['id']}/deny/", body)
    output.tell(f"request/{row['id']} is {decided.get('status')}.")
    if form != "table":
        print_request(portal, decided, form)
    return Exit.OK


@click.command("revoke")
@click.argument("what", type=options.reference("grant"), metavar="GRANT")
@click.option("--reason", required=True, metavar="TEXT", help="Why it ends.")
@options.yes_option
@options.portal_options
@options.output_option()
def revoke_command(
    portal: Portal, what: tuple[str, int], reason: str, form: str, yes: bool
) -> Exit:
    """End access now: a grant (grant/5), or all grants of a request (request/12).

    Of a request every grant is tried, whatever came of the others; those that remain are named.
    """
    is_one = what[0] == "grant"
    rows = [portal.get(f"grants/{what[1]}/")] if is_one else _grants_of(portal, what[1])
    output.tell("\n".join(f"grant/{row['id']}  {_in_words(row)}" for row in rows))
    options.confirm(f"Revoke {len(rows)} grant{'s' if len(rows) > 1 else ''}?", yes=yes)
    if is_one:
        _print_ended([_revoked(portal, what[1], reason)], form)
        return Exit.OK
    ended, failures = _end(portal, [row["id"] for row in rows], reason)
    _print_ended(ended, form)
    if failures:
        raise _remaining(failures, len(rows))
    return Exit.OK


def _revoked(portal: Portal, number: int, reason: str) -> dict[str, Any]:
    return portal.post(f"grants/{number}/revoke/", {"reason": reason})


def _grants_of(portal: Portal, request: int) -> list[dict[str, Any]]:
    """Return the grants of a request that may be live. Raises Failure when there are none.

    One that cannot be read is tried all the same: it must not keep the others open.
    """
    rows = []
    for number in portal.get(f"requests/{request}/").get("grants") or []:
        try:
            rows.append(portal.get(f"grants/{number}/"))
        except Failure as failure:
            rows.append({"id": number, "unread": failure.message})
    rows = [row for row in rows if row.get("status") not in _ENDED]
    if not rows:
        raise Failure(f"request/{request} has no grants that you could end.", Exit.MISSING)
    return rows


def _end(
    portal: Portal, numbers: list[int], reason: str
) -> tuple[list[dict[str, Any]], dict[int, Failure]]:
    """Revoke each grant; return those that ended by it, and what went wrong with which.

    One that somebody else ended meanwhile is in neither: there is nothing left to do.
    """
    ended: list[dict[str, Any]] = []
    failures: dict[int, Failure] = {}
    for number in numbers:
        try:
            ended.append(_revoked(portal, number, reason))
        except Failure as failure:
            if failure.reason == "GrantEnded":
                output.tell(f"grant/{number} had ended already.")
            else:
                failures[number] = failure
    return ended, failures


def _remaining(failures: dict[int, Failure], tried: int) -> Failure:
    """Return the failure that names the grants not known to have ended, with the worst code."""
    names = ", ".join(f"grant/{number}" for number in failures)
    message = f"{len(failures)} of {tried} grants did not end: {names}."
    lines = [
        f"grant/{number}: {line}"
        for number, failure in failures.items()
        for line in (failure.message, *failure.details)
    ]
    worst = max((failure.exit_code for failure in failures.values()), key=_BY_WEIGHT.index)
    return Failure(message, worst, lines)


def _print_ended(rows: list[dict[str, Any]], form: str) -> None:
    if form == "table":
        output.table(words.GRANT_HEADINGS, [words.grant_row(row) for row in rows])
    elif form == "name":
        for row in rows:
            output.say(output.name_of("grant", row))
    else:
        output.data({"grants": rows}, form)


def _in_words(row: dict[str, Any]) -> str:
    if "unread" in row:
        return f"cannot be read: {row['unread']}"
    return f"{row.get('status')}  {output.subject(row)} to {output.destination(row)}"


def _shown(portal: Portal, request: tuple[str, int], revision: int | None) -> dict[str, Any]:
    """Return the request that is to be decided, after printing it to standard error."""
    row = portal.get(f"requests/{request[1]}/")
    if revision is not None and row.get("revision") != revision:
        message = f"request/{row['id']} is at revision {row.get('revision')}. Read it again."
        raise Failure(message, Exit.REFUSED)
    with output.to_errors():
        words.show_request(row, portal.link(f"requests/{row['id']}"))
    return row


def _denials(row: dict[str, Any], excepted: tuple[str, ...]) -> dict[str, str]:
    """Return the verdicts on the hosts that are left out. Raises Failure for an unknown one."""
    denied: dict[str, str] = {}
    for text in excepted:
        meant = destinations.read([text])[0]
        has_port = ":" in text
        positions = [
            str(each["position"])
            for each in row["destinations"]
            if each["host"] == meant.host.lower() and (not has_port or each["port"] == meant.port)
        ]
        if not positions:
            raise usage(f'request/{row["id"]} does not ask for "{text}".')
        denied |= dict.fromkeys(positions, "denied")
    return denied
