"""Which portal to call, and as whom: options, environment and the file that `login` writes."""

import contextlib
import ipaddress
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kubectl_egress.errors import Exit, Failure, usage

TIMEOUT = 30.0


@dataclass(frozen=True)
class Stored:
    """What the file says. `token` is for `url` and for no other portal."""

    url: str = ""
    token: str = field(default="", repr=False)
    ca_file: str = ""
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """How the portal is reached. `token` is empty for somebody who is not signed in."""

    url: str
    token: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = TIMEOUT


@dataclass(frozen=True)
class Typed:
    """What was typed on the command line about the portal."""

    portal: str = ""
    token_file: str = ""
    ca_file: str = ""
    insecure_http: bool = False
    timeout: float = TIMEOUT


def config_path() -> Path:
    """Return where `login` keeps address and token."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base else Path.home() / ".config") / "egress-portal" / "config.yaml"


def stored() -> Stored:
    """Return what the file says; nothing when there is none.

    Raises Failure for a file that others may read, because it holds a token, and for one that is
    not understood.
    """
    path = config_path()
    try:
        mode = path.stat().st_mode
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Stored()
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise usage(f'"{path}" cannot be read as YAML. Mend it, or sign in again.') from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise usage(f'Others may read "{path}", and it is for a token. Run: chmod 600 "{path}"')
    if read is not None and not isinstance(read, dict):
        raise usage(f'"{path}" does not hold a mapping. Mend it, or sign in again.')
    return _understood(read or {}, path)


def _understood(read: dict[Any, Any], path: Path) -> Stored:
    texts = {name: read.get(name) or "" for name in ("url", "token", "ca_file")}
    clusters = read.get("clusters") or {}
    plain = isinstance(clusters, dict) and all(
        isinstance(part, str) for pair in clusters.items() for part in pair
    )
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong or not plain:
        raise usage(f'"{(wrong or ["clusters"])[0]}" in "{path}" is not understood.')
    return Stored(**texts, clusters=clusters)


def store(kept: Stored) -> Path:
    """Write the file, readable by its owner alone, and return where it is."""
    path = config_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {"url": kept.url, "token": kept.token}
    more = {"ca_file": kept.ca_file, "clusters": dict(kept.clusters)}
    values |= {name: value for name, value in more.items() if value}  # type: ignore[misc]
    # mkstemp makes it 0600 from the start: no moment in which others could read it.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            yaml.safe_dump(values, file, sort_keys=False)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return path


def access(typed: Typed, *, signed_in: bool = True) -> Access:
    """Return how to reach the portal: options before environment before file.

    Without `signed_in` no token is looked for. A stored one is never sent to another portal than
    the one it was stored for. Raises Failure without an address, and for one that is not safe to
    send a token to.
    """
    kept = stored()
    asked = typed.portal or os.environ.get("EGRESS_PORTAL_URL", "") or kept.url
    if not asked:
        raise usage(
            "Which portal? Run kubectl egress login --portal https://..., or set EGRESS_PORTAL_URL."
        )
    url = checked_url(asked, insecure_http=typed.insecure_http)
    is_stored = bool(kept.url) and url == kept.url.rstrip("/")
    token = ""
    if signed_in:
        token = _token_given(typed) or (kept.token if is_stored else "")
    ca_file = typed.ca_file or os.environ.get("EGRESS_PORTAL_CA_FILE", "")
    ca_file = ca_file or (kept.ca_file if is_stored else "")
    if ca_file and not Path(ca_file).is_file():
        raise usage(f'There is no file "{ca_file}" with certificates.')
    return Access(url, token, ca_file, typed.timeout)


def _token_given(typed: Typed) -> str:
    """Return the token of the option or the environment, empty when neither names one."""
    if typed.token_file:
        return token_in(Path(typed.token_file))
    if direct := os.environ.get("EGRESS_PORTAL_TOKEN", ""):
        return checked_token(direct)
    if named := os.environ.get("EGRESS_PORTAL_TOKEN_FILE", ""):
        return token_in(Path(named))
    return ""


def token_in(path: Path) -> str:
    """Return the token in a file. Raises Failure for a file that cannot be read or holds none."""
    try:
        return checked_token(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f'No token can be read from "{path}".', Exit.NOT_ALLOWED) from error


def checked_token(text: str) -> str:
    """Return a token without the white space around it. Raises Failure, without quoting it."""
    token = text.strip()
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        message = "That is no token. Make one on the page Account of the portal."
        raise Failure(message, Exit.NOT_ALLOWED)
    return token


def checked_url(text: str, *, insecure_http: bool = False) -> str:
    """Return the portal's address without a slash at the end.

    Raises Failure for everything that is no plain address, and for http to another machine: the
    token would be readable on the way.
    """
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise usage("The portal's address is not understood. Write https://...") from None
    if parts.scheme not in ("http", "https") or not host:
        raise usage("The portal's address has to begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise usage("The portal's address has no user, no ? and no #: a token signs you in.")
    if parts.scheme == "http" and not (is_local(host) or insecure_http):
        raise usage(
            f'"{host}" would get your token unencrypted over http. Use https, or --insecure-http'
            " when nobody can listen on the way."
        )
    return text.strip().rstrip("/")


def is_local(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
