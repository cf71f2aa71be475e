"""What people paste becomes destinations."""

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
    assert [(d.host, d.port, d.protocol) for d in parse_pasted(pasted).destinations] == understood


@pytest.mark.parametrize(
    ("pasted", "understood"),
    [
        (
            "curl -sSLo out.json -XPOST -H 'Accept: a/b' -x http://proxy.corp.example:3128 "
            "https://a.example.com/x --url https://b.example.com:8443/y -k | jq .c.d",
            ["a.example.com:443 TLS", "b.example.com:8443 TLS"],
        ),
        (
            "curl 'https://api.example.com/v1/things' \\\n  -H 'Content-Type: a/json' \\\n"
            '  --data-raw \'{\n  "callback": "https://other.example.org"\n}\' \\\n  --compressed',
            ["api.example.com:443 TLS"],
        ),
        (
            "http_proxy=http://p.example.net:1 sudo curl --resolve a.example.com:443:203.0.113.9 "
            "--cacert ca.pem https://a.example.com && curl https://b.example.com",
            ["a.example.com:443 TLS", "b.example.com:443 TLS"],
        ),
        ("wget -qO- --header 'X: y.z' https://dl.example.com/f.tgz", ["dl.example.com:443 TLS"]),
        ("https POST api.example.com/users name=a.b host:=1", ["api.example.com:443 TLS"]),
        (
            "kubectl -n shop exec deploy/web -- curl -v http://a.example.com:8080/",
            ["a.example.com:8080 HTTP"],
        ),
        (
            "curl it's api.example.com\nb.example.com",
            ["api.example.com:443 TLS", "b.example.com:443 TLS"],
        ),
        ("mysql+pymysql://u:p@db.example.net/x", ["db.example.net:3306 TCP"]),
        ("redis://:pw@cache.example.net:6379/0", ["cache.example.net:6379 TCP"]),
        ("amqp://u:p@mq.example.net/vhost", ["mq.example.net:5672 TCP"]),
        ("mongodb+srv://u:p@c0.example.mongodb.net/db?w=1", ["c0.example.mongodb.net:27017 TCP"]),
        (
            "jdbc:sqlserver://sql.example.net\\INST:1444;databaseName=x;user=a.b;password=c.d",
            ["sql.example.net:1444 TCP"],
        ),
        ("jdbc:oracle:thin:scott/ti.ger@//ora.example.net:1522/svc", ["ora.example.net:1522 TCP"]),
        (
            "jdbc:mariadb://m1.example.net:3307,m2.example.net/db",
            ["m1.example.net:3307 TCP", "m2.example.net:3306 TCP"],
        ),
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=ora.example.net)(PORT=1521)))",
            ["ora.example.net:1521 TCP"],
        ),
        ("git@git.example.com:team/repo.git", ["git.example.com:22 TCP"]),
        ("postgres://u:p/a#s@pg.example.net:5433/db", ["pg.example.net:5433 TCP"]),
        (
            "# service\nexport API_URL='https://api.example.com/v1'\nDB_HOST=pg.example.net\n"
            "DB_PORT=5432\nAPI_TOKEN=eyJh.eyJz.c2ln\nKAFKA_BROKERS=k1.example.net:9092,k2.example.net:9092",
            [
                "api.example.com:443 TLS",
                "pg.example.net:5432 TCP",
                "k1.example.net:9092 TCP",
                "k2.example.net:9092 TCP",
            ],
        ),
        (
            'hosts:\n  - a.example.com\n  - "https://b.example.com:8443/x"  # later\n'
            "  - host: c.example.com\n    port: 8080\n  - '*.example.org'",
            [
                "a.example.com:443 TLS",
                "b.example.com:8443 TLS",
                "c.example.com:8080 HTTP",
                "*.example.org:443 TLS",
            ],
        ),
        (
            'hosts: [a.example.com, "b.example.com"]',
            ["a.example.com:443 TLS", "b.example.com:443 TLS"],
        ),
        (
            '[\n  "a.example.com",\n  "b.example.com"\n]',
            ["a.example.com:443 TLS", "b.example.com:443 TLS"],
        ),
        (
            "1. a.example.com\n2) b.example.com\n* c.example.com",
            [
                "a.example.com:443 TLS",
                "b.example.com:443 TLS",
                "c.example.com:443 TLS",
            ],
        ),
        ("a.example.com\na.example.com:8443", ["a.example.com:443 TLS", "a.example.com:8443 TLS"]),
        ("host=pg.example.net dbname=shop user=me port=5433", ["pg.example.net:5433 TCP"]),
        ("host=pg.example.net dbname=shop", ["pg.example.net:5432 TCP"]),
        (
            "host=a.example.net,b.example.net port=5432,5433",
            ["a.example.net:5432 TCP", "b.example.net:5433 TCP"],
        ),
        (
            "DB_HOST=pg.example.net\nDB_USER=app\nDB_PORT=5432\nMETRICS_PORT=9090",
            ["pg.example.net:5432 TCP"],
        ),
        ("API_HOST=a.example.net\nMETRICS_PORT=9090", ["a.example.net:443 TLS"]),
        (
            "DB_HOST=pg.example.net\nDB_PORT=5432\ncurl https://a.example.com",
            ["pg.example.net:5432 TCP", "a.example.com:443 TLS"],
        ),
        (
            '{"host": "db.example.com", "timeout": 30, "port": 5432, "password": "x"}',
            ["db.example.com:5432 TCP"],
        ),
        ('{"host":"db.example.com","timeout":30,"port":5432}', ["db.example.com:5432 TCP"]),
        ("db.example.net:5432:shop:app:x.example.com", ["db.example.net:5432 TCP"]),
        ("machine a.example.com login me password x", ["a.example.com:443 TLS"]),
        ("nc -zv db.example.com 5432", ["db.example.com:5432 TCP"]),
        ("psql -h db.example.net -p 5433 -U app shop", ["db.example.net:5433 TCP"]),
        ("openssl s_client -connect a.example.com:8443", ["a.example.com:8443 TLS"]),
        ("ldapsearch -H ldaps://l.example.com -w x.example.org", ["l.example.com:636 TLS"]),
        (
            "git clone https://x-access-token:ghs_x@git.example.com/a/b.git -b main",
            ["git.example.com:443 TLS"],
        ),
        (
            'curl "https://a.example.com/" ^\r\n  -H "accept: x.y"\r\nb.example.com',
            ["a.example.com:443 TLS", "b.example.com:443 TLS"],
        ),
        ("db.example.com 5432", ["db.example.com:5432 TCP"]),
        ("1 a.example.com\n2 b.example.com", ["a.example.com:443 TLS", "b.example.com:443 TLS"]),
    ],
)
def test_commands_connection_strings_and_settings_are_read_as_they_mean(
    pasted: str, understood: list[str]
) -> None:
    found = parse_pasted(pasted).destinations
    assert [f"{d.host}:{d.port} {d.protocol}" for d in found] == understood


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("curl -u me:pw https://a.example.com", ["password"]),
        ("curl -H 'Authorization: Bearer x' https://a.example.com", ["password"]),
        ("postgres://u:p@db.example.net/x", ["password"]),
        ("host=db.example.net password=x", ["password"]),
        ("curl -x proxy.example:3128 https://a.example.com", ["proxy"]),
        ("curl --resolve a.example.com:443:203.0.113.1 https://a.example.com", ["fixed address"]),
        ("mongodb+srv://c0.example.net/db", ['"c0.example.net" is looked up by an SRV record']),
        ("API_URL=https://a.example.com\nMODE=fast.mode", ["name no host"]),
        ("https://a.example.com/@user/post", []),
        ("a.example.com", []),
    ],
)
def test_what_is_left_out_is_said(pasted: str, said: list[str]) -> None:
    remarks = parse_pasted(pasted).remarks
    assert len(remarks) == len(said)
    for words, remark in zip(said, remarks, strict=True):
        assert words in remark


def test_a_piece_that_is_no_host_says_what_is_wrong_beside_the_good_ones() -> None:
    good, bad = parse_pasted("api.example.com https://[::1]:8443/x").destinations
    assert good.host == "api.example.com"
    assert (bad.host, bad.reason) == ("", "HostIsAddress")
    assert "::1/128" in bad.message


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
        "curl '\n" * 1100,
        "A=b " * 2000,
        "- " * 4000,
        "kubectl " + "-- " * 2600,
        "\n" * 7999,
        "jdbc:oracle:thin:" + "@" * 7900,
        "a://" + "b:c" * 2600,
        "@" + ",:" * 3900,
        "key" * 2600,
        "key='" * 1600,
        'token="\\' * 1100,
        "x -a " * 1600,
        "x -a it's " * 800,
        "curl " + "a'b " * 1900,
        "A=b\n" * 1900,
        "machine " + "a " * 3900,
        "h-" * 3900 + " -x",
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
        found = parse_pasted(text).destinations
    except HostError:
        return
    assert all(bool(d.host) != bool(d.reason) for d in found)
