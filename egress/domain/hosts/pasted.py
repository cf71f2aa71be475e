"""What people paste into the request form: URLs, `host:port`, curl lines, connection strings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from egress.domain.access import Protocol
from egress.domain.hosts.canonical import canonical_destination_host
from egress.domain.hosts.errors import HostError

_MAX_CHARACTERS = 8_000
_MAX_DESTINATIONS = 100

_SCHEMES: dict[str, tuple[int, Protocol]] = {
    "http": (80, Protocol.HTTP),
    "ws": (80, Protocol.HTTP),
    "grpc": (80, Protocol.GRPC),
    **dict.fromkeys(("https", "wss", "grpcs"), (443, Protocol.TLS)),
    **{
        scheme: (port, Protocol.TLS)
        for scheme, port in (
            ("amqps", 5671),
            ("ftps", 990),
            ("imaps", 993),
            ("ldaps", 636),
            ("mqtts", 8883),
            ("rediss", 6380),
            ("smtps", 465),
        )
    },
    **{
        scheme: (port, Protocol.TCP)
        for scheme, port in (
            ("amqp", 5672),
            ("ftp", 21),
            ("git", 9418),
            ("kafka", 9092),
            ("ldap", 389),
            ("mongodb", 27017),
            ("mongodb+srv", 27017),
            ("mqtt", 1883),
            ("mysql", 3306),
            ("nats", 4222),
            ("oracle", 1521),
            ("postgres", 5432),
            ("postgresql", 5432),
            ("redis", 6379),
            ("sftp", 22),
            ("smtp", 587),
            ("sqlserver", 1433),
            ("ssh", 22),
            ("tcp", 443),
        )
    },
}
_PORT_PROTOCOLS: dict[int, Protocol] = {
    **dict.fromkeys((80, 8080), Protocol.HTTP),
    **dict.fromkeys((443, 465, 636, 853, 990, 993, 995, 5671, 6380, 8443, 8883), Protocol.TLS),
}
_URL = re.compile(
    r"([a-zA-Z][a-zA-Z0-9+.-]{0,30})://"
    r"([^\s/?#'\"`<>;]*?)(?=,[a-zA-Z0-9+.-]{1,31}://|[\s/?#'\"`<>;]|$)"
    r"[^\s'\"`<>]*?(?=,[a-zA-Z0-9+.-]{1,31}://|[\s'\"`<>]|$)"
)
_DATABASE_SERVER = re.compile(
    r"(?:^|[;\s])(?:server|data source|host|hostname|addr|address)\s*=\s*(?:tcp:)?([^;,\s'\"]+)"
    r"(?:(?:,|;?\s*port\s*=\s*)(\d{1,5}))?",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"\s*(?:\$\s*)?(?:curl|wget|http|https)\s")
_COMMAND_VALUES = re.compile(
    r"(?:-[HdeAbuo]|--(?:header|data[a-z-]*|referer|user-agent|cookie|user|output|form))[\s=]*"
    r"(?:'[^']*'|\"[^\"]*\"|\S+)"
)
_HOST_PORT = re.compile(r"(.+?):(\d{1,5})")


@dataclass(frozen=True)
class PastedDestination:
    """One destination understood out of pasted text: what the form fills in.

    `host` is canonical, and empty when `reason` and `message` say what is wrong. `text` is the
    typed host without credentials and path. `port` and `protocol` are guesses, to be confirmed.
    """

    text: str
    host: str
    port: int
    protocol: Protocol
    reason: str = ""
    message: str = ""


def parse_pasted(text: str) -> list[PastedDestination]:
    """Return the destinations named in pasted text, in order, each once.

    Understands URLs, `host:port`, curl lines, connection strings, and lists of them separated by
    line breaks, commas or spaces. Raises HostError when the text is empty or far too much.
    """
    if len(text) > _MAX_CHARACTERS:
        raise HostError("PastedTooMuch", f"Paste at most {_MAX_CHARACTERS} characters at once.")
    found = dict.fromkeys(piece for line in text.splitlines() for piece in _pieces(line))
    if not found:
        raise HostError(
            "PastedNothing", 'No host was found. Type one, for example "api.example.com:443".'
        )
    if len(found) > _MAX_DESTINATIONS:
        raise HostError("PastedTooMuch", f"Paste at most {_MAX_DESTINATIONS} destinations at once.")
    return list(dict.fromkeys(_understood(*piece) for piece in found))


Piece = tuple[str, int | None, Protocol | None]


def _pieces(line: str) -> Iterator[Piece]:
    if _COMMAND.match(line):
        yield from _pieces_of_command(_COMMAND_VALUES.sub(" ", line))
        return
    server = None if "://" in line else _DATABASE_SERVER.search(line)
    if server:
        yield _with_port(server[1], int(server[2]) if server[2] else None, None)
        return
    for word in line.split():
        yield from _pieces_of_word(word)


def _pieces_of_command(line: str) -> Iterator[Piece]:
    if "://" in line:
        for url in _URL.finditer(line):
            yield from _pieces_of_url(url[1].lower(), url[2])
        return
    words = [word for word in line.split()[1:] if "." in word and not word.startswith("-")]
    for word in words[:1]:
        yield from _pieces_of_word(word)


def _pieces_of_word(word: str) -> Iterator[Piece]:
    if "://" in word:
        for url in _URL.finditer(word):
            yield from _pieces_of_url(url[1].lower(), url[2])
        return
    for part in re.split("[,;]", word):
        bare = _bare(part)
        if bare:
            yield _with_port(bare, None, None)


def _pieces_of_url(scheme: str, authority: str) -> Iterator[Piece]:
    port, protocol = _SCHEMES.get(scheme, (None, None))
    # MongoDB and Kafka name several servers in one address.
    for server in authority.rpartition("@")[2].split(","):
        if server:
            yield _with_port(server, port, protocol)


def _bare(word: str) -> str:
    """Return a word without credentials, quotes and path; a CIDR keeps its slash."""
    word = word.strip("'\"`<>()").rpartition("@")[2]
    if re.fullmatch(r"[0-9a-fA-F:.]+/\d{1,3}", word):
        return word
    return re.split(r"[/?#]", word, maxsplit=1)[0] if not word.startswith("/") else word


def _with_port(server: str, port: int | None, protocol: Protocol | None) -> Piece:
    match = _HOST_PORT.fullmatch(server)
    if match and (":" not in match[1] or match[1].endswith("]")):
        return match[1], int(match[2]), protocol
    return server, port, protocol


def _understood(host: str, port: int | None, protocol: Protocol | None) -> PastedDestination:
    port = 443 if port is None else port
    protocol = protocol or _PORT_PROTOCOLS.get(port, Protocol.TCP)
    shown = host[:253]
    try:
        return PastedDestination(shown, canonical_destination_host(host), port, protocol)
    except HostError as error:
        return PastedDestination(shown, "", port, protocol, error.reason, error.message)
