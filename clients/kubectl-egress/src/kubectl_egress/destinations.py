"""Hosts as people have them at hand: `host:port`, a URL, a line of curl."""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from kubectl_egress.errors import Failure, usage

PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "TLS", "TCP")
_PORTS = {
    **dict.fromkeys((80, 8080), "HTTP"),
    **dict.fromkeys((443, 465, 636, 853, 990, 993, 995, 5671, 6380, 8443, 8883), "TLS"),
}
_SCHEMES = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "grpc": 443,
    "grpcs": 443,
    "ftp": 21,
    "ssh": 22,
    "sftp": 22,
    "smtp": 25,
    "smtps": 465,
    "ldap": 389,
    "ldaps": 636,
    "mysql": 3306,
    "postgres": 5432,
    "postgresql": 5432,
    "mongodb": 27017,
    "nats": 4222,
    "redis": 6379,
    "rediss": 6380,
    "amqp": 5672,
    "amqps": 5671,
    "kafka": 9092,
    "mqtts": 8883,
}
_PLAIN_HTTP = frozenset({"http", "ws"})
_OVER_TLS = frozenset({"https", "wss", "grpcs", "grpc", "smtps", "ldaps", "rediss", "amqps"})
_TYPED = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]@?#]+))(?P<mask>/\d{1,3}(?=$|:))?"
    r"(?::(?P<port>\d{1,5}))?(?:/(?P<protocol>[A-Za-z0-9]+))?/?"
)
_SHORT_WITH_VALUE = frozenset("AbcCdDeEFhHKmoPQrtTuUwxXyYz")
_WITH_VALUE = frozenset(
    f"--{name}"
    for name in (
        *("aws-sigv4", "cacert", "capath", "cert", "cert-type", "ciphers", "config"),
        *("connect-timeout", "connect-to", "cookie", "cookie-jar", "data", "data-ascii"),
        *("data-binary", "data-raw", "data-urlencode", "form", "form-string", "header"),
        *("interface", "json", "key", "key-type", "limit-rate", "max-redirs", "max-time"),
        *("oauth2-bearer", "output", "output-dir", "pass", "pinnedpubkey", "proxy"),
        *("proxy-user", "range", "referer", "request", "resolve", "retry", "retry-delay"),
        *("retry-max-time", "unix-socket", "upload-file", "user", "user-agent", "write-out"),
    )
)
"""Options of curl that take the next word, which is then no address."""


@dataclass(frozen=True)
class Destination:
    """A host with port and protocol. The host is as typed: the portal brings it in order."""

    host: str
    port: int
    protocol: str

    def body(self) -> dict[str, object]:
        """Return it as the API takes it."""
        return {"host": self.host, "port": self.port, "protocol": self.protocol}


def read(texts: Iterable[str], lines: str = "", protocol: str = "") -> list[Destination]:
    """Return the destinations of arguments and of lines, in order, each once.

    `protocol` is used for all that do not name one. User names, passwords and paths are no part
    of a destination and go nowhere. Raises Failure for what names no host.
    """
    found = [
        _one(text, protocol)
        for text in [*texts, *(word for line in _joined(lines) for word in _named_in(line))]
    ]
    if not found:
        raise usage('No host is given. Write one, for example "api.example.com:443".')
    return list(dict.fromkeys(found))


def _joined(lines: str) -> Iterator[str]:
    for line in lines.replace("\r\n", "\n").replace("\\\n", " ").split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            yield text


def _named_in(line: str) -> Iterator[str]:
    """Yield what a line names: the addresses of a curl line, else its words."""
    if line.split(maxsplit=1)[0] != "curl":
        yield from line.partition(" #")[0].replace(",", " ").split()
        return
    try:
        words = shlex.split(line)[1:]
    except ValueError:
        # Not quoted in the message: such lines carry passwords.
        raise usage("A line of curl has a quotation mark that is never closed.") from None
    yield from _addresses(words)


def _addresses(words: list[str]) -> Iterator[str]:
    waiting = iter(words)
    for word in waiting:
        if word == "--url":
            yield next(waiting, "")
        elif word.startswith("--url="):
            yield word.removeprefix("--url=")
        elif _takes_next(word):
            next(waiting, "")
        elif not word.startswith("-"):
            yield word if "://" in word else f"http://{word}"


def _takes_next(word: str) -> bool:
    """Tell whether an option takes the next word, also as the last of several such as `-sSo`."""
    if word.startswith("--"):
        return word in _WITH_VALUE
    takers = [at for at, letter in enumerate(word) if letter in _SHORT_WITH_VALUE]
    return word.startswith("-") and takers[:1] == [len(word) - 1]


def _one(text: str, protocol: str) -> Destination:
    if "://" in text:
        return _of_url(text, protocol)
    match = _TYPED.fullmatch(text)
    named = (match["protocol"] or "").upper() if match else ""
    if match is None or (named and named not in PROTOCOLS):
        raise _not_understood(text)
    host = (match["six"] or match["host"]) + (match["mask"] or "")
    port = int(match["port"] or 443)
    return _checked(host, port, named or protocol or _PORTS.get(port, "TCP"))


def _of_url(text: str, protocol: str) -> Destination:
    try:
        parts = urlsplit(text.removeprefix("jdbc:"))
        host, port = unquote(parts.hostname or ""), parts.port
    except ValueError:
        raise _not_understood(text) from None
    scheme = parts.scheme.partition("+")[0].lower()
    port = _SCHEMES.get(scheme) if port is None else port
    if not host:
        raise _not_understood(text)
    if port is None:
        raise usage(f'Which port is "{scheme}" on? Write "{host}:PORT".')
    spoken = "TLS" if scheme in _OVER_TLS else _PORTS.get(port, "TCP")
    spoken = "HTTP" if scheme in _PLAIN_HTTP else spoken
    return _checked(host, port, protocol or spoken)


def _checked(host: str, port: int, protocol: str) -> Destination:
    if not 1 <= port <= 65535:
        raise usage(f'"{port}" is no port. Give a number from 1 to 65535.')
    return Destination(host, port, protocol)


def _not_understood(text: str) -> Failure:
    # Without what could be a password: only what follows the last @.
    shown = text.rpartition("@")[2].partition("?")[0][:100]
    return usage(
        f'"{shown}" names no host. Write api.example.com, db.example.net:5432, a URL, or'
        " host:port/PROTOCOL."
    )
