"""The pieces that pasted text falls into: servers with what stood beside them, and remarks."""

import re
from dataclasses import dataclass, field

from egress.domain.access import Protocol

_HOST_PORT = re.compile(r"(.+?):(\d{1,5})")
_INSTANCE = re.compile(r"([^\\]+)\\[^:\\]*(:\d{1,5})?")
_ADDRESS = re.compile(r"\[?[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*\]?(?:/\d{1,3})?")
_PORT_AND_MORE = re.compile(r"([^:]+):(\d{1,5}):.*")


@dataclass(frozen=True)
class Remark:
    """A sentence about what was left out, or what to look at."""

    text: str


CREDENTIALS = Remark(
    "A user name, a password or a key stood in the text. It was dropped: nothing keeps or shows it."
)
PROXY = Remark(
    "A proxy stood in the text. It was left out: the mesh carries the connection itself."
)
FIXED = Remark(
    "An address for a host stood in the text. It was left out: type it as a fixed address if it "
    "never changes."
)
SETTINGS = Remark("Settings that name no host were left out.")


@dataclass(frozen=True)
class Piece:
    """One server as it stood in the text, without credentials and path.

    `setting` is what a setting is called but for its last word: "DB" for DB_HOST.
    """

    server: str
    port: int | None = None
    protocol: Protocol | None = None
    setting: str = field(default="", compare=False)


@dataclass(frozen=True)
class Port:
    """A port on a line of its own: it belongs to the server before it, of the same settings."""

    number: int
    setting: str = ""


Found = Piece | Port | Remark


def piece(server: str, port: int | None = None, protocol: Protocol | None = None) -> Piece:
    """Return the piece for `server`, whose own port, if it names one, wins over `port`."""
    instance = _INSTANCE.fullmatch(server)
    if instance:
        server = f"{instance[1]}{instance[2] or ''}"
    match = _HOST_PORT.fullmatch(server)
    if match and (":" not in match[1] or match[1].endswith("]")):
        return Piece(match[1], int(match[2]), protocol)
    if ":" in server and not _ADDRESS.fullmatch(server):
        # What stands behind such a colon may be a password.
        more = _PORT_AND_MORE.fullmatch(server)
        server, port = (more[1], int(more[2])) if more else (server.partition(":")[0], port)
    return Piece(server, port, protocol)
