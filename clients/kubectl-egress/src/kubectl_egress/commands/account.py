"""Sign in, and tell who one is."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kubectl_egress import __version__, options, output, settings
from kubectl_egress.errors import Exit, Failure, usage
from kubectl_egress.portal import Portal


@click.command("login")
@options.connection_options
def login_command(**values: Any) -> Exit:
    """Store a token for a portal.

    The token is asked for, or read from standard input when that is no terminal. It is tried
    first, then kept in ~/.config/egress-portal/config.yaml, readable by you alone. Make one on the
    page Account of the portal.
    """
    typed, kept = options.typed_portal(values), settings.stored()
    access = settings.access(replace(typed, token_file=""), signed_in=False)
    token = settings.token_in(Path(typed.token_file)) if typed.token_file else _typed_token()
    name = _owner_of(replace(access, token=token))
    ca_file = str(Path(access.ca_file).resolve()) if access.ca_file else ""
    path = settings.store(replace(kept, url=access.url, token=token, ca_file=ca_file))
    output.tell(f"Signed in to {access.url} as {name}. Kept in {path}.")
    return Exit.OK


def _typed_token() -> str:
    stdin = sys.stdin
    if stdin.isatty():
        return settings.checked_token(click.prompt("Token", hide_input=True, err=True))
    text = stdin.readline(1000)
    if not text.strip():
        raise usage("No token came in. Write it to standard input, or use a terminal.")
    return settings.checked_token(text)


def _owner_of(access: settings.Access) -> str:
    """Return whose token it is. Raises Failure when it lets nobody in."""
    try:
        return str(Portal(access).get("me/").get("username"))
    except Failure as failure:
        if failure.reason != "ScopeMissing":
            raise
        output.tell("The token has no scope read: list, show, check and wait will be refused.")
        return "its owner"


@click.command("whoami")
@options.portal_options
@options.output_option()
def whoami_command(portal: Portal, form: str) -> Exit:
    """Tell who the portal takes you for."""
    me = portal.get("me/")
    if form == "name":
        output.say(output.plain(me.get("username")))
    elif form == "table":
        names = {"is_admin": "admin", "is_auditor": "auditor"}
        roles = [word for name, word in names.items() if me.get(name)]
        pairs = [("Name", me.get("username")), ("Teams", me.get("teams")), ("Roles", roles)]
        pairs.append(("Token ends", me.get("token_expires_at") or "never"))
        output.facts([*pairs, ("Portal", portal.access.url)])
    else:
        output.data(me, form)
    return Exit.OK


@click.command("version")
@options.output_option()
def version_command(form: str) -> Exit:
    """Print the version of this plugin. It asks no portal."""
    if form in ("json", "yaml"):
        output.data({"name": "kubectl-egress", "version": __version__}, form)
    else:
        output.say(f"kubectl-egress {__version__}")
    return Exit.OK
