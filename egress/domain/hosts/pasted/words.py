"""Words of pasted text: URLs and connection strings, `host:port`, addresses of repositories."""

import re
from collections.abc import Iterator

from egress.domain.access import Protocol
from egress.domain.hosts.pasted.pieces import (
    CREDENTIALS,
    SETTINGS,
    Found,
    Piece,
    Port,
    Remark,
    piece,
)
from egress.domain.wording import quoted

_TLS_SCHEMES = {
    "amqps": 5671,
    "ftps": 990,
    "grpcs": 443,
    "https": 443,
    "imaps": 993,
    "ldaps": 636,
    "mqtts": 8883,
    "pop3s": 995,
    "rediss": 6380,
    "smtps": 465,
    "snowflake": 443,
    "wss": 443,
}
_TCP_SCHEMES = {
    "amqp": 5672,
    "bolt": 7687,
    "cassandra": 9042,
    "cockroachdb": 26257,
    "db2": 50000,
    "ftp": 21,
    "git": 9418,
    "imap": 143,
    "kafka": 9092,
    "ldap": 389,
    "mariadb": 3306,
    "memcached": 11211,
    "mongodb": 27017,
    "mongodb+srv": 27017,
    "mqtt": 1883,
    "mssql": 1433,
    "mysql": 3306,
    "mysqlx": 33060,
    "nats": 4222,
    "neo4j": 7687,
    "oracle": 1521,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "redshift": 5439,
    "sftp": 22,
    "smtp": 587,
    "sqlserver": 1433,
    "ssh": 22,
    "tcp": 443,
}
_SCHEMES: dict[str, tuple[int, Protocol]] = {
    "http": (80, Protocol.HTTP),
    "ws": (80, Protocol.HTTP),
    "grpc": (80, Protocol.GRPC),
    **{scheme: (port, Protocol.TLS) for scheme, port in _TLS_SCHEMES.items()},
    **{scheme: (port, Protocol.TCP) for scheme, port in _TCP_SCHEMES.items()},
}
_URL = re.compile(
    r"([a-zA-Z][a-zA-Z0-9+.-]{0,30})://"
    r"([^\s/?#'\"`<>;]*?)(?=,[a-zA-Z0-9+.-]{1,31}://|[\s/?#'\"`<>;]|$)"
    r"([^\s'\"`<>]*?)(?=,[a-zA-Z0-9+.-]{1,31}://|[\s'\"`<>]|$)"
)
_PORT_LIKE = re.compile(r":|[^:@]*:(?!\d{1,5}(?:,|$))")
_ORACLE = re.compile(r"jdbc:oracle:\w{1,20}:(\S*)@(?://)?([^/:\s(]+)(?::(\d{1,5}))?", re.IGNORECASE)
_REPOSITORY = re.compile(r"[\w.-]{1,64}@([\w.-]{1,253}):(?!\d+(?:/|$))[\w./~-]+")
_USER_AND_PASSWORD = re.compile(r"(^|[,;])[^:/@,;]*:(?!\d{1,5}(?:[,;]|$))[^@]*@")
"""In a list of words without a scheme. A password may hold what parts the words."""
_OF_HOSTS = re.compile(
    r"(?:.*[_.-])?(?:hosts?|hostname|servers?|endpoints?|addr(?:ess)?(?:es)?|ur[li]s?|domains?|"
    r"brokers?|dsn|destinations?|broker-?list|fqdn)",
    re.IGNORECASE,
)
_PUNCTUATION = "'\"`<>()[]{},;"


def names_hosts(key: str) -> bool:
    """Tell whether the value of a setting that is called so is a host."""
    return _OF_HOSTS.fullmatch(key) is not None


def pieces_of_words(text: str) -> Iterator[Found]:
    """Return what the words of one line name. A number behind a host is its port."""
    has_host = fits = False
    for word in text.split():
        bare = word.strip(f"{_PUNCTUATION}:")
        if re.fullmatch("[0-9]{1,5}", bare):
            if fits:
                yield Port(int(bare))
            fits = False
            continue
        found = list(pieces_of_word(word))
        yield from found
        has_host = has_host or any(isinstance(one, Piece) for one in found)
        fits = has_host and (bool(found) or bare.lower() == "port")


def pieces_of_word(word: str) -> Iterator[Found]:
    """Return what one word names: several servers where commas or semicolons part them."""
    oracle = _ORACLE.match(word)
    if oracle:
        if oracle[1]:
            yield CREDENTIALS
        yield piece(oracle[2], int(oracle[3] or 1521), Protocol.TCP)
    elif "://" in word:
        for url in _URL.finditer(word):
            yield from _pieces_of_url(url[1].lower(), url[2], url[3])
    elif repository := _REPOSITORY.fullmatch(word):
        yield piece(repository[1], 22, Protocol.TCP)
    else:
        without_passwords = _USER_AND_PASSWORD.sub(r"\1", word)
        if without_passwords != word:
            yield CREDENTIALS
        for part in re.split("[,;]", without_passwords):
            yield from _pieces_of_bare(part)


def _pieces_of_url(scheme: str, authority: str, rest: str) -> Iterator[Found]:
    if "@" not in authority and "@" in rest and _PORT_LIKE.match(authority):
        # A password with "/", "?" or "#" in it: the server stands behind the last "@".
        authority = re.split("[/?#;]", f"{authority}{rest}".rpartition("@")[2], maxsplit=1)[0]
        yield CREDENTIALS
    if "@" in authority:
        yield CREDENTIALS
    port, protocol = _meaning(scheme)
    # MongoDB and Kafka name several servers in one address.
    for server in authority.rpartition("@")[2].split(","):
        if server and not server.startswith(":"):
            yield piece(server, port, protocol)
            if scheme == "mongodb+srv":
                yield _names_others(server)


def _meaning(scheme: str) -> tuple[int | None, Protocol | None]:
    """Return port and protocol; `mysql+pymysql` and `git+ssh` mean what one of their parts does."""
    first, _, second = scheme.partition("+")
    for name in (scheme, first, second):
        # Of "git+ssh" the transport counts, of "mysql+pymysql" the database.
        if name in _SCHEMES and not (name == "git" and second in _SCHEMES):
            return _SCHEMES[name]
    return None, None


def _names_others(server: str) -> Remark:
    return Remark(
        f"{quoted(server)} is looked up by an SRV record, which names the real servers. Ask for "
        "those, too: its provider lists them."
    )


def _pieces_of_bare(word: str) -> Iterator[Found]:
    bare = word.strip(_PUNCTUATION) if not word.startswith("[") else word.strip("'\"`<>(){}")
    if not bare.strip("[]-*="):
        return
    if "@" in bare:
        before, _, bare = bare.rpartition("@")
        if ":" in before:
            yield CREDENTIALS
    if not re.fullmatch(r"[0-9a-fA-F:.]+/\d{1,3}", bare) and not bare.startswith("/"):
        bare = re.split(r"[/?#]", bare, maxsplit=1)[0]
    name, equals, value = bare.partition("=")
    if equals and not names_hosts(name):
        yield SETTINGS
        return
    bare = value if equals else bare
    is_key = bare.endswith(":") and "." not in bare and bare.count(":") == 1
    if bare and not is_key:
        yield piece(bare)
