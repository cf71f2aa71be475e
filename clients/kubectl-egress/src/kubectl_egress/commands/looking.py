"""Look at requests and grants, and wait for them."""

from collections.abc import Sequence
from typing import Any

import click

from kubectl_egress import options, output, place, settings, waiting, words
from kubectl_egress.commands.asking import print_request
from kubectl_egress.errors import Exit, Failure, usage
from kubectl_egress.portal import Portal

_KINDS = {"requests": ("request",), "grants": ("grant",), "all": ("request", "grant")}


@click.command("list")
@click.argument("kind", type=click.Choice(list(_KINDS)), default="all")
@click.option("--status", default="", metavar="STATUS", help="Only those of this status.")
@click.option("--host", default="", metavar="HOST", help="Only grants to this host.")
@click.option("-A", "--all-namespaces", "whole", is_flag=True, help="Not the context's alone.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most."
)
@options.place_options
@options.portal_options
@options.output_option()
def list_command(
    portal: Portal,
    typed: place.TypedPlace,
    kind: str,
    whole: bool,
    form: str,
    limit: int,
    **filters: str,
) -> Exit:
    """List requests and grants, newest first.

    With a status, only the lists that know it: no request is "active".
    """
    kinds = _with_status(("grant",) if filters["host"] else _KINDS[kind], filters["status"])
    where = place.find(typed, settings.stored().clusters, whole=whole)
    asked = {"cluster": where.cluster, "namespace": "" if whole else where.namespace}
    asked |= {"status": filters["status"]}
    found: dict[str, list[Any]] = {}
    for name in kinds:
        query = {**asked, "host": filters["host"]} if name == "grant" else asked
        found[f"{name}s"], has_more = portal.rows(f"{name}s/", query, limit)
        if has_more:
            output.tell(f"There are more {name}s than {limit}: see --limit.")
    if where.context and not any(found.values()):
        _check_cluster(portal, where)
    _print_lists(found, form)
    return Exit.OK


def _with_status(kinds: Sequence[str], status: str) -> list[str]:
    """Return the kinds that can be of a status. Raises Failure when none can."""
    found = [kind for kind in kinds if not status or status in words.STATUSES[kind]]
    if not found:
        known = "; ".join(f"{kind}s are {', '.join(words.STATUSES[kind])}" for kind in kinds)
        raise usage(f'"{status}" is no status here: {known}.')
    return found


def _check_cluster(portal: Portal, where: place.Place) -> None:
    """Raise Failure when nothing was found because the portal has no such cluster."""
    try:
        portal.get(f"clusters/{where.cluster}/")
    except Failure as failure:
        raise where.explained(failure) from failure


def _print_lists(found: dict[str, list[Any]], form: str) -> None:
    if form in ("json", "yaml"):
        output.data(found, form)
        return
    tables = {
        "requests": (words.REQUEST_HEADINGS, words.request_row),
        "grants": (words.GRANT_HEADINGS, words.grant_row),
    }
    for number, (kind, rows) in enumerate(found.items()):
        if form == "name":
            for row in rows:
                output.say(output.name_of(kind.removesuffix("s"), row))
            continue
        if number:
            output.say()
        headings, line = tables[kind]
        output.table(headings, [line(row) for row in rows])


@click.command("show")
@click.argument("what", type=options.reference("request"), metavar="REQUEST|GRANT")
@options.portal_options
@options.output_option()
def show_command(portal: Portal, what: tuple[str, int], form: str) -> Exit:
    """Show a request (request/12, or 12) or a grant (grant/5)."""
    _print_one(portal, what[0], portal.get(f"{what[0]}s/{what[1]}/"), form)
    return Exit.OK


@click.command("wait")
@click.argument("what", type=options.reference("request"), metavar="REQUEST|GRANT")
@click.option(
    "--for",
    "goal",
    type=click.Choice(waiting.GOALS),
    default="active",
    show_default=True,
    help="What to wait for; gone: ended, and seen gone from the cluster.",
)
@click.option("--timeout", type=options.seconds, default="10m", show_default=True, metavar="TIME")
@options.portal_options
@options.output_option()
def wait_command(portal: Portal, what: tuple[str, int], goal: str, timeout: int, form: str) -> Exit:
    """Wait until a request is decided and its grants are active.

    Ends as soon as it cannot come to that: denied, withdrawn, lapsed, revoked (3), or refused by
    the cluster (1). The time being over is 4.
    """
    row = waiting.until(portal, what, goal, timeout)
    if form == "table":
        output.tell(f"{what[0]}/{what[1]} is {row.get('status')}.")
    else:
        _print_one(portal, what[0], row, form)
    return Exit.OK


def _print_one(portal: Portal, kind: str, row: dict[str, Any], form: str) -> None:
    if kind == "request":
        print_request(portal, row, form)
    elif form == "table":
        words.show_grant(row, portal.link(f"grants/{row['id']}"))
    elif form == "name":
        output.say(output.name_of(kind, row))
    else:
        output.data(row, form)
