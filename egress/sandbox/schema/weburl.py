"""The scheme of a URL, with an error wherever the server's URL parser has one.

A rule of the server may ask for the scheme; text that is no absolute URL or path is then an
error of its own. The grammar is that of Go's `net/url`, release 1.26.
"""

from __future__ import annotations

import re

from .gotext import quoted
from .node import RuleError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_HOST_CHAR = re.compile(r"[^\x00-\x7f]|[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"%]")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)
_PORT = re.compile(r"(:[0-9]*)?", re.ASCII)


def url_scheme(address: str) -> str:
    """Return the scheme in lower case, empty for a bare path. Raises `RuleError` for no URL."""
    problem = _problem(address)
    if problem:
        text = "URL parse error during conversion from string"
        raise RuleError(f"{text}: parse {quoted(address)}: {problem}")
    scheme = _SCHEME.match(address)
    return scheme[1].lower() if scheme else ""


def _problem(address: str) -> str:
    if _CONTROL.search(address):
        return "net/url: invalid control character in URL"
    if not address:
        return "empty url"
    if address == "*":
        return ""
    if address.startswith(":"):
        return "missing protocol scheme"
    scheme = _SCHEME.match(address)
    rest = (address[scheme.end() :] if scheme else address).split("?", 1)[0]
    if not rest.startswith("/"):
        return "" if scheme else "invalid URI for request"
    if scheme and rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
        return _host_problem(authority) or _escape_problem(path)
    return _escape_problem(rest)


def _escape_problem(path: str) -> str:
    wrong = _ESCAPE.search(path)
    return f"invalid URL escape {quoted(wrong[0])}" if wrong else ""


def _host_problem(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        return "net/url: invalid userinfo"
    if at and _ESCAPE.search(user):
        return _escape_problem(user)
    if host.startswith("["):
        closing = host.rfind("]")
        if closing < 0:
            return "missing ']' in host"
        after = host[closing + 1 :]
        if not _PORT.fullmatch(after):
            return f"invalid port {quoted(after)} after host"
        return "" if _is_bracketed(host[1:closing]) else "invalid host: ParseAddr"
    colon = host.rfind(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        return f"invalid port {quoted(host[colon:])} after host"
    return _char_problem(host)


def _is_bracketed(host: str) -> bool:
    from .formats import is_ipv6

    return is_ipv6(host.split("%25", 1)[0])


def _char_problem(host: str) -> str:
    position = 0
    while position < len(host):
        if host[position] == "%":
            escape = host[position : position + 3]
            # Only bytes beyond ASCII may be escaped in a host, and the percent sign of a zone.
            if _ESCAPE.match(escape) or (escape[1] < "8" and escape != "%25"):
                return f"invalid URL escape {quoted(escape)}"
            position += 3
        elif _HOST_CHAR.fullmatch(host[position]):
            position += 1
        else:
            return f"invalid character {quoted(host[position])} in host name"
    return ""
