"""Command lines of other programs: only what surely is a host is taken, as options hold secrets."""

import re
from collections.abc import Iterator
from dataclasses import replace

from egress.domain.hosts.pasted.pieces import CREDENTIALS, SETTINGS, Found, Piece
from egress.domain.hosts.pasted.shell import split_words
from egress.domain.hosts.pasted.words import pieces_of_word

_OPTION = re.compile(r"(?:^|\s)--?[A-Za-z]")
_HOST = re.compile(
    r"(?:[^\s@/=]+@)?(?:\*\.)?[\w-]+(?:\.[\w-]+)+\.?(?::\d{1,5})?(?:/[^\s@]*)?",
)
_PORTS = frozenset({"-p", "-P", "--port"})
_SECRET = re.compile(r"pass|pwd|token|secret|key|user|auth|cred|header", re.IGNORECASE)
_SECRET_LETTERS = frozenset("aDHkluUwWpP")
"""Behind these stands a name, a password or a header more often than a host."""


def has_options(line: str) -> bool:
    """Tell whether a line is a command: it has options."""
    return _OPTION.search(line) is not None


def pieces_of_options(line: str) -> list[Found]:
    """Return the hosts that the words of a command line name; anything unclear is left out."""
    found: list[Found] = []
    port: int | None = None
    for option, value in _values(split_words(line, 0)[0]):
        if re.fullmatch("[0-9]{1,5}", value):
            is_behind_host = not option and found and isinstance(found[-1], Piece)
            port = int(value) if option in _PORTS or is_behind_host else port
        elif "://" in value:
            found += pieces_of_word(value)
        elif _is_secret(option):
            found.append(CREDENTIALS)
        elif _HOST.fullmatch(value):
            found += pieces_of_word(value)
        else:
            found.append(SETTINGS)
    return [
        replace(one, port=port) if isinstance(one, Piece) and one.port is None else one
        for one in found
    ]


def _values(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each word that is no option, with the option it follows or belongs to."""
    option = ""
    for word in words:
        if not word.startswith("-"):
            yield option, word
            option = ""
        else:
            option, equals, value = word.partition("=") if word[1:2] == "-" else (word, "", "")
            if equals:
                yield option, value
                option = ""


def _is_secret(option: str) -> bool:
    is_letter = not option.startswith("--") and option[-1:] in _SECRET_LETTERS
    return is_letter or _SECRET.search(option) is not None
