"""What people paste becomes destinations, and never shows a password."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Protocol
from egress.domain.hosts import HostError, parse_pasted

HTTP, TLS, TCP, GRPC = Protocol.HTTP, Protocol.TLS, Protocol.TCP, Protocol.GRPC


@pytest.mark.parametrize(
    ("pasted", "understood"),
    [
        ("https://api.stripe.com/v1/charges?limit=3#x", [("api.stripe.com", 443, TLS)]),
        ("http://archive.ubuntu.com/ubuntu", [("archive.ubuntu.com", 80, HTTP)]),
        ("API.Example.com.", [("api.example.com", 443, TLS)]),
        ("example.com:8080", [("example.com", 8080, HTTP)]),
        ("example.com/path", [("example.com", 443, TLS)]),
        ("grpc://rpc.example.com:50051", [("rpc.example.com", 50051, GRPC)]),
        (
            "curl -sS -H 'Referer: https://other.example.org' -d @body https://u:p@api.example.com/x",
            [("api.example.com", 443, TLS)],
        ),
        ("$ curl api.example.com/v1 -o out.txt", [("api.example.com", 443, TLS)]),
        ("postgres://app:s3cret@db.example.net/shop", [("db.example.net", 5432, TCP)]),
        ("jdbc:postgresql://pg.example.org:5433/db", [("pg.example.org", 5433, TCP)]),
        (
            "Server=tcp:sql.example.net,1433;Database=x;Password=foo.bar",
            [("sql.example.net", 1433, TCP)],
        ),
        ("host=db.example.net port=5433 dbname=x password=a.b", [("db.example.net", 5433, TCP)]),
        (
            "mongodb://u:p@m1.example.net:27018,m2.example.net/db",
            [("m1.example.net", 27018, TCP), ("m2.example.net", 27017, TCP)],
        ),
        (
            "https://a.example.com,https://b.example.com",
            [("a.example.com", 443, TLS), ("b.example.com", 443, TLS)],
        ),
        ("https://a.example.com/?next=http://b.example.com/", [("a.example.com", 443, TLS)]),
        (
            "a.example.com, b.example.com:80\nc.example.com;d.example.com",
            [
                ("a.example.com", 443, TLS),
                ("b.example.com", 80, HTTP),
                ("c.example.com", 443, TLS),
                ("d.example.com", 443, TLS),
            ],
        ),
        ("a.example.com a.example.com", [("a.example.com", 443, TLS)]),
        (
            "203.0.113.0/24 2001:db8::/48",
            [("203.0.113.0/24", 443, TLS), ("2001:db8::/48", 443, TLS)],
        ),
        (
            "rediss://cache.example.com https://x.example.com extra.example.com",
            [
                ("cache.example.com", 6380, TLS),
                ("x.example.com", 443, TLS),
                ("extra.example.com", 443, TLS),
            ],
        ),
    ],
)
def test_pasted_text_becomes_destinations(
    pasted: str, understood: list[tuple[str, int, Protocol]]
) -> None:
    assert [(d.host, d.port, d.protocol) for d in parse_pasted(pasted)] == understood


def test_a_piece_that_is_no_host_says_what_is_wrong_beside_the_good_ones() -> None:
    good, bad = parse_pasted("api.example.com https://[::1]:8443/x")
    assert good.host == "api.example.com"
    assert (bad.host, bad.reason) == ("", "HostIsAddress")
    assert "::1/128" in bad.message


@pytest.mark.parametrize(
    "pasted",
    [
        "https://u:hunter2@api.example.com",
        "u:hunter2@api.example.com:443",
        "postgres://u:hunter2@bad_host/x",
    ],
)
def test_a_password_is_not_repeated(pasted: str) -> None:
    assert "hunter2" not in repr(parse_pasted(pasted))


@pytest.mark.parametrize("pasted", ["", "  \n ", ",,;"])
def test_nothing_pasted_is_a_clear_error(pasted: str) -> None:
    with pytest.raises(HostError, match="No host was found"):
        parse_pasted(pasted)


@pytest.mark.parametrize("pasted", ["a" * 8001, " ".join(f"h{n}.example.com" for n in range(101))])
def test_too_much_at_once_is_a_clear_error(pasted: str) -> None:
    with pytest.raises(HostError, match="Paste at most"):
        parse_pasted(pasted)


@pytest.mark.parametrize(
    "pasted",
    [
        "a" * 8000,
        "a://" * 2000,
        "server " + " " * 7900,
        "x:" * 4000,
        "curl " + "-H " * 2600,
        "'" * 8000,
        "a," * 90 + "b" * 7000,
        "http://" + "," * 7900,
    ],
)
def test_hostile_text_takes_no_long_time(pasted: str) -> None:
    start = time.thread_time()
    with suppress(HostError):
        parse_pasted(pasted)
    assert time.thread_time() - start < 0.5


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = parse_pasted(text)
    except HostError:
        return
    assert all(bool(d.host) != bool(d.reason) for d in found)
