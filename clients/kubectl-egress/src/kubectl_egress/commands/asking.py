"""Ask for access, and look at what would come of it."""

from typing import Any

import click

from kubectl_egress import destinations, options, output, place, settings, waiting, words
from kubectl_egress.errors import Exit, Failure, usage
from kubectl_egress.portal import Portal

DEFAULT_DAYS = 90
_ONLY_LOOKING = "Nobody asks: this is a look at the objects."


def wish_options(command: options.Command) -> options.Command:
    """Add the options that say what is wished for."""
    for option in (
        click.option("--tls-origination", is_flag=True, help="The proxy begins TLS."),
        click.option(
            "--protocol",
            type=click.Choice(destinations.PROTOCOLS, case_sensitive=False),
            help="For hosts that do not name one.",
        ),
        click.option("--service-account", metavar="NAME", help="Only this service account."),
        click.option(
            "--duration",
            type=options.days,
            default=f"{DEFAULT_DAYS}d",
            show_default=True,
            metavar="DAYS",
            help="How long: 90d, 4w, none.",
        ),
    ):
        command = option(command)
    return command


def body_of(
    where: place.Place, asked: list[destinations.Destination], values: dict[str, Any]
) -> dict[str, Any]:
    """Return a request as the API takes it."""
    extra = {"tls_origination": True} if values.pop("tls_origination") else {}
    return {
        "cluster": where.cluster,
        "namespace": where.namespace,
        "service_account": values.pop("service_account") or "",
        "destinations": [{**one.body(), **extra} for one in asked],
        "duration_days": values.pop("duration"),
    }


@click.command("request")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@options.file_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it is needed.")
@click.option("--ticket", default="", metavar="URL", help="A link to more about it.")
@wish_options
@click.option("--dry-run", is_flag=True, help="Only show findings, approvers and objects.")
@click.option("--wait", is_flag=True, help="Go on until it is active, or never will be.")
@click.option(
    "--timeout",
    type=options.seconds,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="For --wait.",
)
@click.option("--idempotency-key", metavar="KEY", help="The same key asks once, also in reruns.")
@options.place_options
@options.portal_options
@options.output_option()
def request_command(
    portal: Portal,
    typed: place.TypedPlace,
    hosts: tuple[str, ...],
    lines: str,
    form: str,
    **values: Any,
) -> Exit:
    """Ask for access to hosts.

    A HOST is api.example.com, db.example.net:5432, host:port/PROTOCOL, or a URL. Without a port it
    is 443. What follows in a URL, and who signs in there, is left out.
    """
    asked = destinations.read(hosts, lines, values.pop("protocol") or "")
    where = place.find(typed, settings.stored().clusters)
    body = body_of(where, asked, values) | {"reason": values["reason"], "ticket": values["ticket"]}
    if values["dry_run"]:
        return _dry_run(portal, where, body, form)
    try:
        made = portal.post("requests/", body, values["idempotency_key"] or "")
    except Failure as failure:
        raise where.explained(words.with_hosts(failure, asked)) from failure
    link = portal.link(f"requests/{made['id']}")
    if form == "table" or values["wait"]:
        output.tell(f"request/{made['id']} is {made['status']}: {link}")
    if values["wait"]:
        made = waiting.until(portal, ("request", made["id"]), "active", values["timeout"])
    print_request(portal, made, form)
    return Exit.OK


def print_request(portal: Portal, row: dict[str, Any], form: str) -> None:
    """Print one request in the form that was asked for."""
    if form == "table":
        words.show_request(row, portal.link(f"requests/{row['id']}"))
    elif form == "name":
        output.say(output.name_of("request", row))
    else:
        output.data(row, form)


def _dry_run(portal: Portal, where: place.Place, body: dict[str, Any], form: str) -> Exit:
    preview = ask_for_preview(portal, body)
    if form == "table":
        preview.show()
    elif form == "name":
        _names(preview)
    else:
        output.data(preview.told, form)
    if preview.refused:
        lines = [f"{name}:" for name in preview.told.get("errors") or {}]
        hint = where.explained(Failure("The portal would refuse this.", Exit.REFUSED, lines))
        raise Failure(hint.message, hint.exit_code, hint.details[len(lines) :])
    return Exit.OK


def ask_for_preview(portal: Portal, body: dict[str, Any]) -> words.Preview:
    """Return what would come of a request. Nothing is stored."""
    return words.Preview(portal.post("requests/", {**body, "dry_run": True}))


def _names(preview: words.Preview) -> None:
    for one in preview.objects():
        group = str(one.get("apiVersion", "")).partition("/")[0]
        kind = f"{one.get('kind')}.{group}".lower()
        output.say(f"{kind}/{one.get('metadata', {}).get('name')}")


@click.command("render")
@click.argument("what", nargs=-1, metavar="[REQUEST | HOST]...")
@options.file_option
@wish_options
@click.option("--diff", is_flag=True, help="The difference to the objects of today.")
@options.place_options
@options.portal_options
@options.output_option("yaml", "json", "name")
def render_command(
    portal: Portal,
    typed: place.TypedPlace,
    what: tuple[str, ...],
    lines: str,
    form: str,
    **values: Any,
) -> Exit:
    """Print the objects that a request would write.

    It is a request that exists (request/12), or hosts as `kubectl egress request` takes them.
    Objects that are in the cluster already are left out.
    """
    protocol, diff = values.pop("protocol") or "", values.pop("diff")
    if what and what[0].startswith("request"):
        if len(what) > 1 or lines:
            raise usage("Render one request at a time, or hosts.")
        number = options.reference("request", only=True)(what[0])[1]
        body = _body_again(portal.get(f"requests/{number}/"))
    else:
        asked = destinations.read(what, lines, protocol)
        where = place.find(typed, settings.stored().clusters)
        body = body_of(where, asked, values) | {"reason": _ONLY_LOOKING}
    preview = ask_for_preview(portal, body)
    _print_objects(preview, form, diff=diff)
    if preview.refused:
        fields = (preview.told.get("errors") or {}).items()
        lines_said = [f"{name}: {sentence}" for name, said in fields for sentence in said]
        for finding in preview.told.get("findings") or []:
            if finding.get("level") == "block":
                lines_said.append(f"{finding.get('field')}: {finding.get('message')}")
        raise Failure("The portal would refuse this.", Exit.REFUSED, lines_said)
    if not preview.manifests:
        output.tell("Nothing would be written: the cluster has it already.")
    return Exit.OK


def _print_objects(preview: words.Preview, form: str, *, diff: bool) -> None:
    if diff:
        if preview.told.get("diff"):
            output.say(str(preview.told["diff"]))
    elif form == "name":
        _names(preview)
    elif form == "json":
        output.data(preview.objects(), form)
    elif preview.manifests:
        output.say(preview.manifests.rstrip("\n"))


def _body_again(row: dict[str, Any]) -> dict[str, Any]:
    """Return the body that asks for the same as a request."""
    names = ("cluster", "namespace", "service_account", "reason", "ticket", "duration_days")
    parts = ("host", "port", "protocol", "tls_origination", "addresses", "long_lived", "alias")
    rows = [{part: one[part] for part in parts} for one in row["destinations"]]
    return {**{name: row[name] for name in names}, "destinations": rows}
