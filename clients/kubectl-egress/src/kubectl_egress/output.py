"""What is printed: tables for people, JSON and YAML for programs, names for scripts."""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click
import yaml

FORMATS = ("table", "json", "yaml", "name")
_COLOURS = {
    **dict.fromkeys(("active", "approved", "yes"), "green"),
    **dict.fromkeys(("pending", "expiring", "warn", "review"), "yellow"),
    **dict.fromkeys(("denied", "revoked", "suspended", "failed", "block", "no"), "red"),
}
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def plain(text: object) -> str:
    """Return a text as one line that a terminal only shows.

    What somebody wrote into a request must not move an approver's cursor, or turn a host round:
    control and direction characters are printed as their numbers.
    """
    joined = " ".join(str(text).split("\n"))
    return "".join(
        f"\\u{ord(sign):04x}" if unicodedata.category(sign) in _UNSEEN else sign for sign in joined
    )


def lines_of(text: str) -> str:
    """Return a text of several lines, each of them plain."""
    return "\n".join(plain(line) for line in text.split("\n"))


def say(text: str = "") -> None:
    """Print to standard output."""
    click.echo(lines_of(text))


def tell(text: str) -> None:
    """Print to standard error: remarks, progress and what went wrong."""
    click.echo(lines_of(text), err=True)


def is_terminal() -> bool:
    """Tell whether somebody looks at what is printed."""
    return sys.stdout.isatty()


def has_colours() -> bool:
    """Tell whether that is a terminal of somebody who wants colours."""
    wanted = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return wanted and is_terminal()


@contextmanager
def to_errors() -> Iterator[None]:
    """Print to standard error meanwhile: what is shown before a question is no result."""
    with redirect_stdout(sys.stderr):
        yield


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, each column as wide as its longest text."""
    texts = [[plain(_shown(cell)) or "-" for cell in row] for row in rows]
    widths = [max(len(line[at]) for line in [headings, *texts]) for at in range(len(headings))]
    colours = has_colours()
    for number, line in enumerate([list(headings), *texts]):
        padded = [
            _coloured(text.ljust(width), text if colours and number else "")
            for text, width in zip(line, widths, strict=True)
        ]
        click.echo("   ".join(padded).rstrip())


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, one a line."""
    kept = [(f"{name}:", plain(_shown(value)) or "-") for name, value in pairs]
    width = max(len(name) for name, _ in kept)
    for name, value in kept:
        click.echo(f"{name.ljust(width)}  {_coloured(value, value if has_colours() else '')}")


def data(value: Any, form: str) -> None:
    """Print JSON or YAML. Both escape what a terminal would act upon."""
    if form == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=True))
    else:
        click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=False), nl=False)


def name_of(kind: str, row: Mapping[str, Any]) -> str:
    """Return a request or grant as commands take it: `request/12`."""
    return f"{kind}/{row.get('id')}"


def moment(text: object) -> str:
    """Return a time to the minute, `-` for none."""
    return str(text)[:16].replace("T", " ") if text else "-"


def destination(row: Mapping[str, Any]) -> str:
    """Return a destination in a few characters: `api.example.com:443/TLS`."""
    host = str(row.get("host"))
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{row.get('port')}/{row.get('protocol')}"


def subject(row: Mapping[str, Any]) -> str:
    """Return who gets access: `main/shop`, or `main/shop/web` for one service account."""
    parts = (row.get("cluster"), row.get("namespace"), row.get("service_account"))
    return "/".join(str(part) for part in parts if part)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _coloured(text: str, state: str) -> str:
    colour = _COLOURS.get(state)
    return click.style(text, fg=colour) if colour else text
