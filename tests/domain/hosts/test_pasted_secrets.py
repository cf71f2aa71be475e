"""No password of pasted or typed text is shown, kept or passed on."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.hosts import parse_pasted, without_credentials


@pytest.mark.parametrize(
    "pasted",
    [
        "https://u:hunter2@api.example.com",
        "u:hunter2@api.example.com:443",
        "postgres://u:hunter2@bad_host/x",
        "postgres://u:hunter2/with/slash@db.example.net/x",
        "postgres://u:hunter2?x#y@bad_host/x",
        "u:hunter2/and@db.example.net",
        "redis://u:hunter2",
        "curl -u me:hunter2.example.com https://a.example.com",
        "PASSWORD=hunter2.example.com\nHOST=a.example.com",
        "jdbc:oracle:thin:me/hunter2@ora.example.net:1521:SID",
        '{"host": "db.example.com", "password": "hunter2"}',
        '{"host":"db.example.com","token":"hunter2.example.com"}',
        "{host: db.example.com, user: app, password: hunter2.example.com}",
        'psql "host=db.example.net password=hunter2.example.com"',
        "psql -h db.example.net -U app -W hunter2.example.com",
        "mysql -h db.example.net -uroot -phunter2.example.com shop",
        "mysql -h db.example.net --password=hunter2.example.com shop",
        "redis-cli -h cache.example.net -a hunter2.example.com",
        "tool -token hunter2.example.com a.example.com",
        "docker login -u me -p hunter2 registry.example.com",
        "machine a.example.com login me password hunter2.example.com",
        "db.example.net:5432:shop:app:hunter2.example.com",
        "u:hun,hunter2.example.com,ter@db.example.net",
        'export TOKEN=hunter2.example.com; curl -H "X: $TOKEN" https://a.example.com',
        "curl https://a.example.com -H 'Authorization: Bearer hunter2.example.com",
        'curl -d it\'s -H "Authorization: Bearer hunter2.example.com" https://a.example.com',
        "wget --ftp-password hunter2.example.com ftp://a.example.com/x",
        'curl "https://a.example.com/" ^\n  -H "authorization: Bearer hunter2.example.com" ^\n  -k',
        'curl ^"https://a.example.com/^" ^\r\n  -H ^"authorization: hunter2.example.com^"',
        "grpcurl -H 'authorization: Bearer hunter2.example.com' \\\n  -d x a.example.com:443 list",
        "a.example.com SharedAccessKey=hunter2.example.com",
        "redis://:12/hunter2@cache.example.net",
    ],
)
def test_a_password_is_not_repeated(pasted: str) -> None:
    assert "hunter2" not in repr(parse_pasted(pasted))


@settings(max_examples=100, deadline=None)
@given(st.text("hunter2:/@?#=;., '\"\n", max_size=40))
def test_a_password_in_an_address_leaves_no_trace_in_what_is_kept(text: str) -> None:
    kept = without_credentials(
        f"see postgres://app:q7x9!{text.split()[0] if text.split() else ''}@db.x/y"
    )
    assert "q7x9" not in kept
    assert kept.startswith("see postgres://")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://u:p@api.example.com/x", "https://api.example.com/x"),
        ("api.example.com", "api.example.com"),
        (
            "Ask <me@example.com> or https://x.example/@me",
            "Ask <me@example.com> or https://x.example/@me",
        ),
        ("password=hunter2 and API_KEY=abc", "password= and API_KEY="),
        (
            "jdbc:oracle:thin:me/pw@ora.example.net:1521:SID",
            "jdbc:oracle:thin:ora.example.net:1521:SID",
        ),
        ("u:hunter2@api.example.com:443", "api.example.com:443"),
        ("https://a.example.com/,postgres://u:pw@db.example.net/x", "https://db.example.net/x"),
        ("postgres://u:1234/pw@db.example.net", "postgres://db.example.net"),
    ],
)
def test_only_credentials_are_taken_out_of_what_is_kept(typed: str, kept: str) -> None:
    assert without_credentials(typed) == kept


@pytest.mark.parametrize("typed", ["a", "a:", "a@", "a://", "-", "@:"])
def test_taking_passwords_out_of_long_text_takes_no_long_time(typed: str) -> None:
    start = time.thread_time()
    without_credentials(typed * (200_000 // len(typed)) + "@")
    assert time.thread_time() - start < 0.5
