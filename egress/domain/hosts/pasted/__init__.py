"""What people paste into the request form: URLs, curl lines, connection strings, lists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from egress.domain.access import Protocol
from egress.domain.hosts.canonical import canonical_destination_host
from egress.domain.hosts.errors import HostError
from egress.domain.hosts.pasted.commands import is_command, pieces_of_command
from egress.domain.hosts.pasted.pieces import Found, Piece, Port, Remark
from egress.domain.hosts.pasted.settings import pieces_of_line

_MAX_CHARACTERS = 8_000
_MAX_DESTINATIONS = 100
_PORT_PROTOCOLS: dict[int, Protocol] = {
    **dict.fromkeys((80, 8080), Protocol.HTTP),
    **dict.fromkeys((443, 465, 636, 853, 990, 993, 995, 5671, 6380, 8443, 8883), Protocol.TLS),
}


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


@dataclass(frozen=True)
class Pasted:
    """What pasted text names. `remarks` are sentences about what was left out of it."""

    destinations: tuple[PastedDestination, ...]
    remarks: tuple[str, ...] = ()


def parse_pasted(text: str) -> Pasted:
    """Return the destinations named in pasted text, in order, each once, and remarks.

    Understands URLs, `host:port`, curl, wget and httpie lines, connection strings, lines of an
    env file or of YAML, and lists of them separated by line breaks, commas or spaces. User names
    and passwords are never part of the answer. Raises HostError when the text names nothing or is
    far too much.
    """
    if len(text) > _MAX_CHARACTERS:
        raise HostError("PastedTooMuch", f"Paste at most {_MAX_CHARACTERS} characters at once.")
    found = _found_in(_as_in_a_shell(text.replace("\r\n", "\n")))
    pieces = dict.fromkeys(one for one in found if isinstance(one, Piece))
    remarks = dict.fromkeys(one.text for one in found if isinstance(one, Remark))
    if not pieces:
        raise HostError(
            "PastedNothing", 'No host was found. Type one, for example "api.example.com:443".'
        )
    if len(pieces) > _MAX_DESTINATIONS:
        raise HostError("PastedTooMuch", f"Paste at most {_MAX_DESTINATIONS} destinations at once.")
    understood = dict.fromkeys(_understood(one) for one in pieces)
    return Pasted(tuple(understood), tuple(remarks))


def _as_in_a_shell(text: str) -> str:
    """Return command lines of Windows with the signs that a Unix shell has for the same."""
    if '^"' in text:
        text = text.replace('^"', '"')
    return re.sub(r"(?<=[ \t])[\^`]\n", "\\\\\n", text)


def _found_in(text: str) -> list[Found]:
    found: list[Found] = []
    last = -1
    for one in _named_in(text):
        if isinstance(one, Port):
            server = found[last] if found else None
            if isinstance(server, Piece) and server.port is None and server.setting == one.setting:
                found[last] = replace(server, port=one.number)
            continue
        found.append(one)
        if isinstance(one, Piece):
            last = len(found) - 1
    return found


def _named_in(text: str) -> Iterator[Found]:
    at = 0
    while at < len(text):
        if is_command(text, at):
            pieces, end = pieces_of_command(text, at)
            yield from pieces
        else:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield from pieces_of_line(text[at:end])
        at = end + 1


def _understood(found: Piece) -> PastedDestination:
    port = 443 if found.port is None else found.port
    protocol = found.protocol or _PORT_PROTOCOLS.get(port, Protocol.TCP)
    shown = found.server[:253]
    try:
        host = canonical_destination_host(found.server)
        return PastedDestination(shown, host, port, protocol)
    except HostError as error:
        return PastedDestination(shown, "", port, protocol, error.reason, error.message)
