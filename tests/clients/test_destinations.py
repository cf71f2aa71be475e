"""Hosts as people have them at hand."""

import pytest

from kubectl_egress.destinations import read
from kubectl_egress.errors import Exit, Failure


def shown(*texts: str, lines: str = "") -> list[str]:
    return [f"{one.host} {one.port} {one.protocol}" for one in read(texts, lines)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("api.example.com", "api.example.com 443 TLS"),
        ("api.example.com:80", "api.example.com 80 HTTP"),
        ("db.example.net:5432", "db.example.net 5432 TCP"),
        ("api.example.com:443/HTTP", "api.example.com 443 HTTP"),
        ("*.example.com", "*.example.com 443 TLS"),
        ("203.0.113.0/24:5432", "203.0.113.0/24 5432 TCP"),
        ("[2001:db8::]/32:443", "2001:db8::/32 443 TLS"),
        ("https://api.example.com/v1?key=1#top", "api.example.com 443 TLS"),
        ("http://api.example.com", "api.example.com 80 HTTP"),
        ("https://me:secret@api.example.com:8443", "api.example.com 8443 TLS"),
        ("jdbc:postgresql://db.example.net/shop", "db.example.net 5432 TCP"),
        ("rediss://:secret@cache.example.net", "cache.example.net 6380 TLS"),
    ],
)
def test_what_is_typed_is_understood(text: str, meant: str) -> None:
    assert shown(text) == [meant]


@pytest.mark.parametrize(
    "line",
    [
        "curl https://api.example.com/v1 -H 'X: https://no.example.com' -d @file",
        "curl -sSo out.json -u me:secret --url https://api.example.com",
        "curl -sS -O \\\n  'https://api.example.com/file'",
        "curl --url=https://api.example.com --proxy http://proxy.example.com:3128",
    ],
)
def test_a_line_of_curl_names_what_it_calls_and_nothing_else(line: str) -> None:
    assert shown(lines=line) == ["api.example.com 443 TLS"]


def test_lines_have_comments_and_commas_and_name_each_host_once() -> None:
    lines = "# ours\napi.example.com, b.example.com # two\n\nhttps://api.example.com\n"
    assert shown(lines=lines) == ["api.example.com 443 TLS", "b.example.com 443 TLS"]


@pytest.mark.parametrize(
    "text", ["", "host:99999", "host:0", "host:x", "a b", "foo://host", "https://", "me:pw@host"]
)
def test_what_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(Failure) as caught:
        read([text])
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["me:hunter2@a.example.com"], ""),
        (["postgres://me:hunter2/x@a.example.com:x"], ""),
        ([], "curl -u me:hunter2 'https://a.example.com"),
    ],
)
def test_a_complaint_does_not_repeat_a_password(texts: list[str], lines: str) -> None:
    with pytest.raises(Failure) as caught:
        read(texts, lines)
    assert "hunter2" not in caught.value.message
