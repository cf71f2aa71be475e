"""Signing in: where the token is kept, and where it never goes."""

import stat
from pathlib import Path

import pytest
import requests
import yaml

from egress.models import Namespace, Person
from kubectl_egress import settings
from kubectl_egress.errors import Failure
from tests.clients.conftest import signed_in
from tests.clients.hands import URL, Hands, InProcess, answer

SECRET = "egp_00000000_abcdefghijklmnopqrstuvwxyz"


def kept(home: Path) -> Path:
    return home / ".config" / "egress-portal" / "config.yaml"


@pytest.mark.django_db
def test_a_token_is_tried_and_then_kept_for_its_owner_alone(
    wire: InProcess, owner: Person, home: Path
) -> None:
    secret = signed_in(wire, owner).env["EGRESS_PORTAL_TOKEN"]
    hands = Hands(wire)
    told = hands("login", "--portal", URL, text=f"{secret}\n")
    assert f"Signed in to {URL} as owner" in told.err
    assert secret not in told.out + told.err
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(home).parent.stat().st_mode) == 0o700
    assert "owner" in hands("whoami").out
    assert "Token ends" in hands("whoami").out
    assert [path.name for path in kept(home).parent.iterdir()] == ["config.yaml"]


@pytest.mark.django_db
def test_signing_in_again_keeps_the_mapping_of_clusters(
    wire: InProcess, owner: Person, home: Path
) -> None:
    secret = signed_in(wire, owner).env["EGRESS_PORTAL_TOKEN"]
    settings.store(settings.Stored("https://old.example.com", SECRET, "", {"kind-dev": "main"}))
    Hands(wire)("login", "--portal", URL, text=secret)
    assert yaml.safe_load(kept(home).read_text()) == {
        "url": URL,
        "token": secret,
        "clusters": {"kind-dev": "main"},
    }


@pytest.mark.django_db
def test_a_token_that_lets_nobody_in_is_not_kept(wire: InProcess, home: Path) -> None:
    told = Hands(wire)("login", "--portal", URL, text=SECRET, code=5)
    assert SECRET not in told.err
    assert not kept(home).exists()


@pytest.mark.django_db
def test_a_token_that_may_not_read_is_kept_with_a_remark(
    wire: InProcess, owner: Person, home: Path
) -> None:
    secret = signed_in(wire, owner, "request").env["EGRESS_PORTAL_TOKEN"]
    told = Hands(wire)("login", "--portal", URL, text=secret)
    assert "no scope read" in told.err
    assert kept(home).exists()


def test_a_kept_token_is_for_its_portal_alone(wire: InProcess, home: Path) -> None:
    settings.store(settings.Stored(URL, SECRET))
    told = Hands(wire)("whoami", "--portal", "https://evil.example.com", code=5)
    assert "not signed in to https://evil.example.com" in told.err
    assert wire.sent == []


def test_a_file_that_others_may_read_is_refused(wire: InProcess, home: Path) -> None:
    settings.store(settings.Stored(URL, SECRET))
    kept(home).chmod(0o644)
    told = Hands(wire)("whoami", code=2)
    assert "chmod 600" in told.err
    assert wire.sent == []


@pytest.mark.parametrize("text", ["[", "- a", "url: 3", "clusters: [a]", "clusters: {a: 1}"])
def test_a_file_that_is_not_understood_is_refused(wire: InProcess, home: Path, text: str) -> None:
    settings.store(settings.Stored(URL, SECRET))
    kept(home).write_text(text)
    Hands(wire)("whoami", code=2)
    assert wire.sent == []


def test_a_token_comes_from_a_file_too(wire: InProcess, home: Path) -> None:
    (home / "token").write_text(f"{SECRET}\n")
    wire.troubles = [lambda sent: answer(sent, 200, {"username": "robot"})]
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN_FILE": str(home / "token")})
    assert hands("whoami", "-o", "name").out == "robot\n"
    assert wire.sent[0].headers["Authorization"] == f"Bearer {SECRET}"
    (home / "token").write_text("two words")
    assert "two words" not in hands("whoami", code=5).err


def test_a_password_in_netrc_is_not_sent_in_place_of_the_token(wire: InProcess, home: Path) -> None:
    (home / ".netrc").write_text("machine egress.example.com login me password hunter2\n")
    (home / ".netrc").chmod(0o600)
    wire.troubles = [lambda sent: answer(sent, 200, {})]
    Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})("whoami")
    assert wire.sent[0].headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "url",
    [
        "http://egress.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://me:secret@egress.example.com",
        "https://egress.example.com?x=1",
        "https://egress.example.com#x",
        "https://egress.example.com:port",
        "ftp://egress.example.com",
        "egress.example.com",
        "https://",
    ],
)
def test_an_address_that_is_not_safe_gets_no_token(url: str) -> None:
    with pytest.raises(Failure):
        settings.checked_url(url)


@pytest.mark.parametrize("url", ["http://localhost:8000/", "http://127.0.0.1:8000", "http://[::1]"])
def test_http_is_fine_on_this_machine(url: str) -> None:
    assert settings.checked_url(url) == url.rstrip("/")


def test_http_to_another_machine_has_to_be_wanted_and_knows_no_proxy(wire: InProcess) -> None:
    env = {"EGRESS_PORTAL_URL": "http://egress.example.com", "EGRESS_PORTAL_TOKEN": SECRET}
    hands = Hands(wire, {**env, "http_proxy": "http://proxy.example.com:3128"})
    assert "unencrypted" in hands("whoami", code=2).err
    wire.troubles = [lambda sent: answer(sent, 200, {})]
    hands("whoami", "--insecure-http")
    assert not wire.options[0]["proxies"]


def test_certificates_are_verified_with_the_named_authority(wire: InProcess, home: Path) -> None:
    env = {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET}
    hands = Hands(wire, {**env, "REQUESTS_CA_BUNDLE": "/elsewhere.pem"})
    (home / "ca.pem").write_text("")
    wire.troubles = [lambda sent: answer(sent, 200, {})] * 2
    hands("whoami", "--ca-file", str(home / "ca.pem"))
    assert wire.options[0]["verify"] == str(home / "ca.pem")
    Hands(wire, env)("whoami")
    assert wire.options[1]["verify"] is True
    assert hands("whoami", "--ca-file", str(home / "absent.pem"), code=2)


def test_a_redirect_is_not_followed(wire: InProcess) -> None:
    away = {"Location": "https://me:hunter2@evil.example.com/api"}
    wire.troubles = [lambda sent: answer(sent, 302, b"", away)]
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})
    told = hands("whoami", code=6)
    assert "to https://evil.example.com." in told.err
    assert "hunter2" not in told.err
    assert len(wire.sent) == 1


def test_a_list_stays_with_its_portal_whatever_next_says(wire: InProcess) -> None:
    next_page = "https://evil.example.com/api/v1/grants/?cursor=abc"
    wire.troubles = [
        lambda sent: answer(sent, 200, {"results": [], "next": next_page}),
        lambda sent: answer(sent, 200, {"results": [], "next": None}),
        lambda sent: answer(sent, 200, {}),
    ]
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})
    hands("list", "grants")
    assert all(str(sent.url).startswith(f"{URL}/api/v1/") for sent in wire.sent)
    assert "cursor=abc" in str(wire.sent[1].url)


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("x"), requests.Timeout("x"), requests.exceptions.SSLError()]
)
def test_a_portal_that_is_away_ends_with_six(wire: InProcess, error: Exception) -> None:
    wire.troubles = [lambda sent: error] * 9
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})
    hands("whoami", code=6)
    assert len(wire.sent) == (1 if isinstance(error, requests.exceptions.SSLError) else 4)


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_what_answers_otherwise_is_not_taken_for_the_portal(wire: InProcess, status: int) -> None:
    wire.troubles = [lambda sent: answer(sent, status, b"<html>")]
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})
    assert "not the portal's API" in hands("whoami", code=6).err


# --- once ---------------------------------------------------------------------------------------

ASK = ("request", "api.example.com", "--reason", "The shop needs it.", "-o", "name")


@pytest.mark.django_db
def test_a_lost_answer_does_not_ask_twice(
    shop: Namespace, alice: Person, at_owner: Hands, wire: InProcess
) -> None:
    wire.lost = 2
    name = at_owner(*ASK).out
    keys = [sent.headers["Idempotency-Key"] for sent in wire.sent]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert at_owner("list", "requests", "-o", "name").out == name


@pytest.mark.django_db
def test_each_command_has_a_key_of_its_own_unless_one_is_given(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    assert at_owner(*ASK).out != at_owner(*ASK).out
    given = (*ASK, "--idempotency-key", "run-7")
    assert at_owner(*given).out == at_owner(*given).out


@pytest.mark.parametrize(
    ("status", "headers", "body", "calls"),
    [
        (503, {"Retry-After": "5"}, {"detail": "Busy."}, 4),
        (429, {"Retry-After": "3600"}, {"detail": "Busy."}, 1),
        (409, {}, {"detail": "Running.", "reason": "StillRunning"}, 4),
        (409, {}, {"detail": "Decided.", "reason": "Conflict"}, 1),
        (422, {}, {"detail": "No."}, 1),
    ],
)
def test_only_what_may_pass_is_sent_again(
    wire: InProcess, status: int, headers: dict[str, str], body: dict[str, str], calls: int
) -> None:
    wire.troubles = [lambda sent: answer(sent, status, dict(body), headers)] * 9
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": SECRET})
    hands(*ASK, code=6 if status in (429, 503) else 1)
    assert len(wire.sent) == calls
