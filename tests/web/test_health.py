"""The health page."""

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.mark.django_db
def test_it_answers_without_signing_in() -> None:
    response = Client().get("/healthz/")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_says_when_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("secret address")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = Client().get("/healthz/")
    assert response.status_code == 503
    assert b"secret" not in response.content
