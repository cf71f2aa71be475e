"""Lines of configuration: `KEY=value`, `key: value`, lists, and strings like `Server=...;`."""

import re
from collections.abc import Iterator

from egress.domain.access import Protocol
from egress.domain.hosts.pasted.pieces import CREDENTIALS, SETTINGS, Found, Port, piece
from egress.domain.hosts.pasted.words import pieces_of_words

_DATABASE_SERVER = re.compile(
    r"(?:^|[;\s])(?:server|data source|host|hostname|addr|address)\s*=\s*(?:tcp:)?([^;,\s'\"()]+)"
    r"(?:(?:,|;?\s*port\s*=\s*)(\d{1,5}))?",
    re.IGNORECASE,
)
_ORACLE_NET = re.compile(r"\(HOST\s*=\s*([^()\s]+)\)\s*\(PORT\s*=\s*(\d{1,5})\)", re.IGNORECASE)
_SECRET = re.compile(
    r"(?:pass(?:word|wd)?|pwd|secret|token|(?:api|access)_?key|user(?:name| id)?|uid)"
    r"\"?\s*[=:]\s*\S",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*(?:[-*\u2022]|\d{1,3}[.)])\s+")
_SETTING = re.compile(
    r"\s*(?:export\s+|set\s+|ENV\s+)?[\"']?([A-Za-z_][\w.-]{0,99})[\"']?\s*(=|:(?=\s|$))\s*(.*)"
)
_OF_HOSTS = re.compile(
    r"(?:.*[_.-])?(?:hosts?|hostname|servers?|endpoints?|addr(?:ess)?(?:es)?|ur[li]s?|domains?|"
    r"brokers?|dsn|destinations?|broker-?list|fqdn)",
    re.IGNORECASE,
)
_LIST = re.compile(r"\[([^\[\]]*)\],?")


def pieces_of_line(line: str) -> Iterator[Found]:
    """Return what one line of configuration, or of a list, names."""
    mark = _MARK.match(line)
    line = line[mark.end() :] if mark else line
    line = re.sub(r"(?:^|\s)(?:#|//).*", "", line)
    if _SECRET.search(line):
        yield CREDENTIALS
    found = list(_of_database(line)) if "://" not in line else []
    if found:
        yield from found
        return
    setting = _SETTING.fullmatch(line.rstrip())
    if setting:
        yield from _of_setting(setting[1], setting[3])
    else:
        yield from pieces_of_words(_items(line))


def _of_database(line: str) -> Iterator[Found]:
    for entry in _ORACLE_NET.finditer(line):
        yield piece(entry[1], int(entry[2]), Protocol.TCP)
        return
    server = _DATABASE_SERVER.search(line)
    if server:
        yield piece(server[1], int(server[2]) if server[2] else None)


def _of_setting(key: str, value: str) -> Iterator[Found]:
    bare = value.strip().strip("'\",")
    if re.fullmatch(r"(?:.*[_.-])?port", key, re.IGNORECASE) and re.fullmatch("[0-9]{1,5}", bare):
        yield Port(int(bare))
    elif "://" in value or _OF_HOSTS.fullmatch(key):
        yield from pieces_of_words(_items(value))
    elif bare not in ("", "|", ">", "[", "{"):
        # Anything else may be a secret, with dots in it or without.
        yield SETTINGS


def _items(text: str) -> str:
    """Return the items of a list in brackets as words."""
    listed = _LIST.fullmatch(text.strip())
    if listed and not re.fullmatch(r"[0-9a-fA-F:.]*", listed[1]):
        return listed[1].replace(",", " ")
    return text
