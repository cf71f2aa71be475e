"""Lines of configuration: `KEY=value`, `key: value`, lists, and strings like `Server=...;`."""

import re
from collections.abc import Iterator
from dataclasses import replace

from egress.domain.access import Protocol
from egress.domain.hosts.pasted.other_commands import has_options, pieces_of_options
from egress.domain.hosts.pasted.pieces import CREDENTIALS, SETTINGS, Found, Piece, Port, piece
from egress.domain.hosts.pasted.words import names_hosts, pieces_of_word, pieces_of_words

_DATABASE_SERVER = re.compile(
    r"(?:^|[;\s'\"=])(?:server|data source|host|hostname|addr|address)\s*=\s*(?:tcp:)?"
    r"([^;\s'\"()]+)",
    re.IGNORECASE,
)
_DATABASE_PORT = re.compile(r"(?:^|[;\s'\"])port\s*=\s*(\d{1,5}(?:,\d{1,5})*)", re.IGNORECASE)
_OF_POSTGRES = re.compile(r"(?:^|[;\s'\"])dbname\s*=")
_ORACLE_NET = re.compile(r"\(HOST\s*=\s*([^()\s]+)\)\s*\(PORT\s*=\s*(\d{1,5})\)", re.IGNORECASE)
_NETRC = re.compile(r"\s*machine\s+(\S+)\s+(?:login|password|account)\s.*")
_SECRET = re.compile(
    # Within an address such words are a user's name, whose password goes with it.
    r"(?<![\w./:@-])[\"']?[\w.-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|key|"
    r"user(?:name| id)?|uid)[\"']?\s*(?:=|:(?=[\s\"']))\s*"
    r"(?:\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s;}&]+)",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*(?:[-*\u2022]|\d{1,3}[.)])\s+")
_SETTING = re.compile(
    r"\s*(?:export\s+|set\s+|ENV\s+)?[\"']?([A-Za-z_][\w.-]{0,99})[\"']?\s*(=|:(?=\s|$))\s*(.*)"
)
_LIST = re.compile(r"\[([^\[\]]*)\],?")


def pieces_of_line(line: str) -> Iterator[Found]:
    """Return what one line of configuration, or of a list, names."""
    mark = _MARK.match(line)
    line = line[mark.end() :] if mark else line
    line = re.sub(r"(?:^|\s)(?:#|//).*", "", line)
    netrc = _NETRC.fullmatch(line)
    if netrc or _SECRET.search(line):
        yield CREDENTIALS
    found = list(_of_database(line)) if "://" not in line else []
    setting = _SETTING.fullmatch(line.rstrip())
    if found:
        yield from found
    elif netrc:
        yield piece(netrc[1])
    elif setting:
        yield from _of_setting(setting[1], setting[3])
    elif has_options(line):
        yield from pieces_of_options(line)
    else:
        yield from _of_values(line)


def _of_database(line: str) -> Iterator[Found]:
    for entry in _ORACLE_NET.finditer(line):
        yield piece(entry[1], int(entry[2]), Protocol.TCP)
        return
    server = _DATABASE_SERVER.search(line)
    if not server:
        return
    named = server[1].split(",")
    listed = _DATABASE_PORT.search(line)
    # SQL Server writes the port behind a comma, where PostgreSQL writes the next host.
    ports = [one for one in named if _is_port(one)] or (listed[1].split(",") if listed else [])
    usual = 5432 if _OF_POSTGRES.search(line) else None
    for at, host in enumerate(one for one in named if one and not _is_port(one)):
        yield piece(host, int(ports[min(at, len(ports) - 1)]) if ports else usual)


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None


def _of_setting(key: str, value: str) -> Iterator[Found]:
    bare = value.strip().strip("'\",")
    setting = re.sub(r"[_.-]?[^_.-]*$", "", key).upper()
    if re.fullmatch(r"(?:.*[_.-])?port", key, re.IGNORECASE) and _is_port(bare):
        yield Port(int(bare), setting)
    elif names_hosts(key):
        for found in _of_values(value):
            yield replace(found, setting=setting) if isinstance(found, Piece | Port) else found
    elif "://" in value:
        # Whatever stands beside an address may be a secret.
        for word in value.split():
            yield from pieces_of_word(word) if "://" in word else ()
    elif bare not in ("", "|", ">", "[", "{"):
        # So may anything else, with dots in it or without.
        yield SETTINGS


def _of_values(text: str) -> Iterator[Found]:
    """Return what the values in a text name: those of a list in brackets, of a map on one line."""
    text = _SECRET.sub(" ", text)
    listed = _LIST.fullmatch(text.strip())
    if listed and not re.fullmatch(r"[0-9a-fA-F:.]*", listed[1]):
        text = listed[1].replace(",", " ")
    elif "{" in text and "://" not in text:
        text = text.replace('":', '": ').replace(',"', ', "')
    yield from pieces_of_words(text)
