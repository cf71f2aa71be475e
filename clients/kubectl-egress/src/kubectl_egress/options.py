"""Options that several commands share, and what is made of them."""

import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from kubectl_egress import output, settings
from kubectl_egress.errors import Exit, usage
from kubectl_egress.place import TypedPlace
from kubectl_egress.portal import Portal

Command = Callable[..., Exit]
Reference = tuple[str, int]
"""A kind, `request` or `grant`, and a number."""

MAX_DAYS = 36_500
_UNITS = {"s": 1, "m": 60, "h": 3600}
_DAYS = {"": 1, "d": 1, "w": 7}


def days(text: str) -> int | None:
    """Return a duration of access in days; None, written `none`, is access without an end date."""
    tidy = text.strip().lower()
    if tidy == "none":
        return None
    match = re.fullmatch(r"([1-9]\d{0,5})([dw]?)", tidy, re.ASCII)
    count = int(match[1]) * _DAYS[match[2]] if match else 0
    if not 1 <= count <= MAX_DAYS:
        raise click.BadParameter(f'"{text}" is no duration. Write 90d, 4w or none.')
    return count


def shorter(text: str) -> int:
    """Return a duration that an approver gives; `none` is refused, for it shortens nothing."""
    count = days(text)
    if count is None:
        raise click.BadParameter(
            "An approval can only shorten what was asked for. Leave --duration out to approve it "
            "for as long as that."
        )
    return count


def seconds(text: str) -> int:
    """Return how long to wait."""
    match = re.fullmatch(r"(\d{1,6})([smh]?)", text.strip().lower(), re.ASCII)
    if match is None:
        raise click.BadParameter(f'"{text}" is no time. Write 90s, 10m or 1h.')
    return int(match[1]) * _UNITS[match[2] or "s"]


def reference(kind: str, *, only: bool = False) -> Callable[[str], Reference]:
    """Return what reads `request/12` and `grant/5`; a number alone is one of `kind`.

    With `only` the other kind is refused.
    """

    def read(text: str) -> Reference:
        match = re.fullmatch(r"(?:(request|grant)s?/)?#?([1-9]\d{0,17})", text.strip(), re.ASCII)
        found = (match[1] or kind) if match else ""
        if match is None or (only and found != kind):
            raise click.BadParameter(f'"{text}" is no {kind}. Write {kind}/12.')
        return found, int(match[2])

    return read


def portal_options(command: Command) -> Command:
    """Add the options about the portal; the command gets a signed-in `portal`."""

    @wraps(command)
    def opened(**values: Any) -> Exit:
        return command(portal=Portal(settings.access(typed_portal(values))), **values)

    return connection_options(opened)


def typed_portal(values: dict[str, Any]) -> settings.Typed:
    """Take the options about the portal out of a command's values."""
    return settings.Typed(
        portal=values.pop("portal_url") or "",
        token_file=values.pop("token_file", None) or "",
        ca_file=values.pop("ca_file") or "",
        insecure_http=values.pop("insecure_http"),
        timeout=float(values.pop("request_timeout")),
    )


def connection_options(command: Command) -> Command:
    """Add the options that say how the portal is reached."""
    for option in (
        click.option(
            "--request-timeout",
            type=click.FloatRange(0.1, 600),
            default=settings.TIMEOUT,
            help="Seconds that one answer may take.",
        ),
        click.option("--insecure-http", is_flag=True, help="Allow http to another machine."),
        click.option("--ca-file", metavar="FILE", help="Certificates to trust (PEM)."),
        click.option("--token-file", metavar="FILE", help="A file with the token."),
        click.option("--portal", "portal_url", metavar="URL", help="The portal's address."),
    ):
        command = option(command)
    return command


def place_options(command: Command) -> Command:
    """Add the options about cluster and namespace; the command gets them as `typed`."""

    @wraps(command)
    def placed(**values: Any) -> Exit:
        names = ("namespace", "cluster", "context", "kubeconfig")
        typed = TypedPlace(**{name: values.pop(name) or "" for name in names})
        return command(typed=typed, **values)

    wrapped: Command = placed
    for option in (
        click.option("--kubeconfig", metavar="FILE", help="Another kubeconfig."),
        click.option("--context", metavar="NAME", help="Another context of the kubeconfig."),
        click.option("--cluster", metavar="NAME", help="The cluster, as the portal calls it."),
        click.option("-n", "--namespace", metavar="NAME", help="Instead of the context's."),
    ):
        wrapped = option(wrapped)
    return wrapped


def output_option(*formats: str) -> Callable[[Command], Command]:
    """Return the option `-o` with `formats`, the first one being the default."""
    chosen = formats or output.FORMATS
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(chosen),
        default=chosen[0],
        help="What to print.",
    )


def file_option(command: Command) -> Command:
    """Add `-f`; the command gets the text of the file as `lines`."""

    @wraps(command)
    def opened(**values: Any) -> Exit:
        file = values.pop("file")
        try:
            text = file.read() if file else ""
        except (OSError, ValueError):
            raise usage(f'"{file.name}" cannot be read as text.') from None
        return command(lines=text, **values)

    return click.option(
        "-f",
        "--file",
        type=click.File(encoding="utf-8"),
        help="Hosts, URLs and curl lines, one a line; - is standard input.",
    )(opened)


def yes_option(command: Command) -> Command:
    """Add `-y`."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(command)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal. Raises Failure where nobody can be asked and nobody said `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("There is no terminal to ask on. Write -y when it shall be done unasked.")
    click.confirm(question, abort=True, err=True)
