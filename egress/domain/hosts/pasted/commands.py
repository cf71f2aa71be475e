"""Command lines that call a host: curl, wget and httpie, with what their options mean."""

import re
from collections.abc import Iterator

from egress.domain.hosts.pasted.pieces import CREDENTIALS, FIXED, PROXY, Found
from egress.domain.hosts.pasted.shell import split_words
from egress.domain.hosts.pasted.words import pieces_of_word

_COMMAND = re.compile(
    r"[^\S\n]*(?:[$#%>]\s+)?(?:kubectl\s[^\n]{0,300}?\s--\s+)?"
    r"(?:(?:sudo|time|env|command)[^\S\n]+|[A-Za-z_]\w*=\S*[^\S\n]+)*"
    r"(?:/[\w/.-]{1,99}/)?(curl|wget|https?)(?:\.exe)?\s"
)
_ENDS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "2>", "<"})
_SHORT_WITH_VALUE = {
    "curl": "AbcCdDeEFHKmoPQrtTuUwxXyYz",
    "wget": "aABDeIlioOPQRtTUwX",
    "http": "aAo",
}
_OPTIONS = """
    abstract-unix-socket alt-svc auth auth-type aws-sigv4 body-data ca-certificate cacert capath
    cert cert-type certificate ciphers config connect-timeout connect-to continue-at cookie
    cookie-jar crlfile curves data data-ascii data-binary data-raw data-urlencode delegation
    directory-prefix dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header
    engine etag-compare etag-save execute expect100-timeout form form-string ftp-account ftp-method
    ftp-port happy-eyeballs-timeout-ms header hostpubmd5 hostpubsha256 hsts http-password http-user
    interface ip-tos json keepalive-time key key-type krb limit-rate local-port login-options
    mail-auth mail-from mail-rcpt max-filesize max-redirs max-time method netrc-file noproxy
    oauth2-bearer output output-dir output-document output-file parallel-max pass password
    pinnedpubkey post-data post-file preproxy private-key proto proto-default proto-redir proxy
    proxy-cacert proxy-cert proxy-header proxy-key proxy-pass proxy-password proxy-service-name
    proxy-user pubkey quote range rate referer request request-target resolve retry retry-delay
    retry-max-time sasl-authzid service-name session socks4 socks4a socks5 socks5-hostname
    speed-limit speed-time stderr time-cond timeout tls-max tls13-ciphers tlspassword tlsuser trace
    trace-ascii tries unix-socket upload-file url url-query user user-agent variable verify wait
    write-out accept append-output base bind-address cert-key domains egd-file exclude-domains
    haproxy-clientip https-proxy input-file ipfs-gateway level libcurl load-cookies postquote
    prequote proxy-capath proxy-ciphers proxy-crlfile proxy-pinnedpubkey random-file reject
    save-cookies telnet-option trace-config
"""
_LONG_WITH_VALUE = frozenset(_OPTIONS.split())
_PROXIES = frozenset(
    {"x", "proxy", "preproxy", "socks4", "socks4a", "socks5", "socks5-hostname", "https-proxy"}
)
_SECRET_LETTERS = frozenset("uUa")
_SECRET_OPTION = re.compile(
    r"(?<!ask-)(?<!ask)pass(?!ive)|token|secret|bearer|user(?!-agent)|^auth$|^aws-sigv4$"
)
"""Programs have more of them every year: what one is called tells."""

_SECRET_HEADER = re.compile(r"(?:proxy-)?authorization|cookie|\S*(?:token|key|secret)\s*:", re.I)


def is_command(text: str, at: int = 0) -> bool:
    """Tell whether a command line that calls a host begins in `text` at a place."""
    return _COMMAND.match(text, at) is not None


def pieces_of_command(text: str, at: int = 0) -> tuple[list[Found], int]:
    """Return what the command line that begins at a place names, and where the line ends.

    `is_command` must hold.
    """
    match = _COMMAND.match(text, at)
    if match is None:
        return [], at
    words, end = split_words(text, match.end(1))
    return list(_pieces("http" if match[1] == "https" else match[1], words)), end


def _pieces(program: str, words: list[str]) -> Iterator[Found]:
    waiting, targets, is_ours = iter(words), 0, True
    for word in waiting:
        if word in _ENDS or word == program:
            # Behind a pipe stands another program, or the same once more.
            is_ours, targets = word == program, 0
        elif not is_ours:
            continue
        elif word.startswith("-") and len(word) > 1:
            name, value = _option(program, word)
            if value is None:
                value = next(waiting, "")
            yield from _of_option(name, value)
        elif "://" in word or ("." in word and "=" not in word):
            # Behind the address, httpie takes what is sent.
            if program != "http" or not targets:
                yield from pieces_of_word(word)
            targets += 1


def _option(program: str, word: str) -> tuple[str, str | None]:
    """Return an option and its value: empty when it has none, None when the next word is it."""
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        takes_one = name in _LONG_WITH_VALUE or _SECRET_OPTION.search(name)
        return name, value if equals else None if takes_one else ""
    for at, letter in enumerate(word[1:], start=1):
        if letter in _SHORT_WITH_VALUE[program]:
            return letter, word[at + 1 :] or None
    return word[1:], ""


def _of_option(name: str, value: str) -> Iterator[Found]:
    if name == "url":
        yield from pieces_of_word(value)
    elif name in _PROXIES:
        yield PROXY
    elif name in ("resolve", "connect-to"):
        yield FIXED
    elif name in ("H", "header"):
        if _SECRET_HEADER.match(value):
            yield CREDENTIALS
    elif name in _SECRET_LETTERS or _SECRET_OPTION.search(name):
        yield CREDENTIALS
