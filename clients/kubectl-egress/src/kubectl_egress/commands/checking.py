"""May this workload reach that host, and the page where one asks for it."""

import webbrowser
from typing import Any

import click

from kubectl_egress import destinations, options, output, place, settings
from kubectl_egress.errors import Exit, Failure
from kubectl_egress.portal import Portal

_HEADINGS = ("HOST", "GRANTED", "ENFORCED", "GRANT", "EXPIRES")


@click.command("check")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@options.file_option
@click.option("--service-account", default="", metavar="NAME", help="As this service account.")
@options.place_options
@options.portal_options
@options.output_option()
def check_command(
    portal: Portal,
    typed: place.TypedPlace,
    hosts: tuple[str, ...],
    lines: str,
    service_account: str,
    form: str,
) -> Exit:
    """Tell whether hosts are granted: ends with 3 when one is not.

    A host counts as granted when a grant that is in force covers it. With ENFORCED no, traffic may
    pass without one until the namespace is held to its grants.
    """
    asked = destinations.read(hosts, lines)
    where = place.find(typed, settings.stored().clusters)
    answers = [_answer(portal, where, service_account, one) for one in asked]
    missing = [
        one for one, answer in zip(asked, answers, strict=True) if answer["allowed"] is not True
    ]
    _print_answers(asked, answers, form)
    if not missing:
        return Exit.OK
    link = form_link(portal, where, service_account, missing)
    count = f"{len(missing)} of {len(asked)} hosts are" if len(asked) > 1 else "The host is"
    raise Failure(f"{count} not granted. Ask for access: {link}", Exit.NOT_GRANTED)


def _answer(
    portal: Portal, where: place.Place, service_account: str, asked: destinations.Destination
) -> dict[str, Any]:
    query = {
        "cluster": where.cluster,
        "namespace": where.namespace,
        "service_account": service_account,
        "host": asked.host,
        "port": asked.port,
    }
    try:
        answer = portal.get("access-check/", query)
    except Failure as failure:
        raise where.explained(failure) from failure
    # What does not say yes is a no.
    return {"host": asked.host, "port": asked.port, "allowed": False, **answer}


def _print_answers(
    asked: list[destinations.Destination], answers: list[dict[str, Any]], form: str
) -> None:
    if form in ("json", "yaml"):
        output.data({"answers": answers}, form)
        return
    grants = [answer.get("grant") or {} for answer in answers]
    if form == "name":
        for grant in grants:
            if grant:
                output.say(output.name_of("grant", grant))
        return
    rows = [
        (
            output.destination(one.body()).rpartition("/")[0],
            answer["allowed"] is True,
            answer.get("enforced") is True,
            f"grant/{grant['id']}" if grant else "",
            output.moment(grant.get("expires_at")),
        )
        for one, answer, grant in zip(asked, answers, grants, strict=True)
    ]
    output.table(_HEADINGS, rows)
    for answer in answers:
        if answer["allowed"] is not True:
            output.tell(output.plain(answer.get("reason")))


def form_link(
    portal: Portal,
    where: place.Place,
    service_account: str,
    asked: list[destinations.Destination],
) -> str:
    """Return the address of the request form, filled in."""
    query = [("cluster", where.cluster), ("namespace", where.namespace)]
    query += [("service_account", service_account)] if service_account else []
    for one in asked:
        query += [("host", one.host), ("port", str(one.port)), ("protocol", one.protocol)]
    return portal.link("requests/new", query)


@click.command("open")
@click.argument("what", nargs=-1, metavar="[REQUEST | GRANT | HOST]...")
@click.option("--service-account", default="", metavar="NAME", help="For the form.")
@click.option("--print", "only_print", is_flag=True, help="Print the address only.")
@options.place_options
@options.portal_options
def open_command(
    portal: Portal,
    typed: place.TypedPlace,
    what: tuple[str, ...],
    service_account: str,
    only_print: bool,
) -> Exit:
    """Open a page in the browser: a request, a grant, or the form for hosts.

    Without anything it is the first page. The address is printed, too.
    """
    link = _page(portal, typed, what, service_account)
    output.say(link)
    if not only_print and output.is_terminal():
        webbrowser.open(link)
    return Exit.OK


def _page(
    portal: Portal, typed: place.TypedPlace, what: tuple[str, ...], service_account: str
) -> str:
    if not what:
        return portal.link("")
    if len(what) == 1 and what[0].startswith(("request/", "grant/", "requests/", "grants/")):
        kind, number = options.reference("request")(what[0])
        return portal.link(f"{kind}s/{number}")
    where = place.find(typed, settings.stored().clusters)
    return form_link(portal, where, service_account, destinations.read(what))
