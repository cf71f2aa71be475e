"""Settings come from the environment and fail loudly."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env


def test_a_value_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    monkeypatch.setenv("EGRESS_X_FILE", str(secret))
    assert env.text("EGRESS_X") == "s3cret"


def test_a_value_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "a")
    monkeypatch.setenv("EGRESS_X_FILE", "/nowhere")
    with pytest.raises(ImproperlyConfigured, match="keep one"):
        env.text("EGRESS_X")


def test_an_absent_value_without_default_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="Set EGRESS_ABSENT"):
        env.text("EGRESS_ABSENT")


def test_an_unreadable_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X_FILE", "/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match="cannot read"):
        env.text("EGRESS_X")


@pytest.mark.parametrize(("typed", "meant"), [("YES", True), ("1", True), ("off", False)])
def test_flags_are_read(typed: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", typed)
    assert env.flag("EGRESS_X", not meant) is meant


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="'maybe'"):
        env.flag("EGRESS_X", False)


@pytest.mark.parametrize("typed", ["-1", "nan", "inf", "ten"])
def test_a_number_that_is_none_is_refused(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", typed)
    with pytest.raises(ImproperlyConfigured, match=typed):
        env.number("EGRESS_X", 1)


def test_a_postgresql_url_becomes_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "postgresql://me:p%40ss@db:5433/portal?sslmode=require")
    found = env.database("EGRESS_X", "")
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("me", "p@ss", "db")
    assert (found["PORT"], found["NAME"]) == ("5433", "portal")
    options = dict(found["OPTIONS"])  # type: ignore[call-overload]
    said = options.pop("options")
    assert "idle_in_transaction_session_timeout" in said
    assert "max_parallel_workers_per_gather=0" in said
    assert options == {"connect_timeout": 5, "sslmode": "require"}


def test_the_limits_of_postgresql_may_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "postgresql://db/portal?options=-c%20lock_timeout%3D1s")
    options = env.database("EGRESS_X", "")["OPTIONS"]
    assert options["options"] == "-c lock_timeout=1s"  # type: ignore[index]


def test_sqlite_uses_immediate_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "sqlite:////srv/portal.sqlite3")
    found = env.database("EGRESS_X", "")
    assert found["NAME"] == "/srv/portal.sqlite3"
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"  # type: ignore[index]


def test_another_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_X", "mysql://db/portal")
    with pytest.raises(ImproperlyConfigured, match="mysql"):
        env.database("EGRESS_X", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://portal:a%2Fb@mail.example.com", {"EMAIL_PORT": 587, "EMAIL_USE_TLS": True}),
        ("smtp://mail.example.com:25?tls=no", {"EMAIL_PORT": 25, "EMAIL_USE_TLS": False}),
        ("smtps://mail.example.com", {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True}),
        ("file:///var/mail", {"EMAIL_FILE_PATH": "/var/mail"}),
    ],
)
def test_a_mail_url_becomes_settings(
    url: str, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_MAIL", url)
    settings = env.mail("X_MAIL")
    assert expected.items() <= settings.items()
    assert not (settings.get("EMAIL_USE_TLS") and settings.get("EMAIL_USE_SSL"))
    if "a%2Fb" in url:
        assert settings["EMAIL_HOST_PASSWORD"] == "a/b"


def test_without_a_mail_url_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.mail("X_MAIL") == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}


@pytest.mark.parametrize("url", ["mail.example.com", "smtp://", "http://mail", "smtp://h:x"])
def test_a_mail_url_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_MAIL", url)
    with pytest.raises(ImproperlyConfigured):
        env.mail("X_MAIL")
