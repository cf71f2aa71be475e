"""Calls a minute: counted in the database, told in every answer, exactly as many as allowed."""

import threading
from typing import Any

import pytest
from django.db import connection

from egress.models import Person, RateLimit
from egress.services import rate_limits
from tests.api.calling import Caller, in_session, problem


@pytest.mark.django_db
def test_the_last_call_is_told_and_the_next_one_refused(owner: Person, settings: Any) -> None:
    caller = Caller(owner)
    settings.API_CALLS_A_MINUTE = 2
    for left in (1, 0):
        answer = caller.get("/me/")
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"calls";q=2;w=60'
        assert answer["RateLimit"].startswith(f'"calls";r={left};t=')
    for again in (caller, in_session(owner), Caller(owner)):
        refused = again.get("/me/")
        problem(refused, 429, "TooManyCalls")
        assert 1 <= int(refused["Retry-After"]) <= 60
    RateLimit.objects.update(window=0)
    assert caller.get("/me/").status_code == 200


@pytest.mark.django_db
def test_strangers_are_counted_by_address_whatever_they_say(settings: Any) -> None:
    settings.API_STRANGERS_A_MINUTE = 2
    caller = Caller()
    told = [
        caller.get(
            "/me/", headers={"Authorization": f"Bearer egp_{n}", "X-Forwarded-For": f"10.0.0.{n}"}
        ).status_code
        for n in range(4)
    ]
    assert told == [401, 401, 429, 429]


@pytest.mark.django_db
def test_strangers_behind_a_trusted_proxy_are_counted_one_by_one(settings: Any) -> None:
    settings.API_STRANGERS_A_MINUTE, settings.TRUSTED_PROXIES = 1, ["127.0.0.1/32"]
    caller = Caller()
    told = [
        caller.get("/me/", headers={"X-Forwarded-For": said}).status_code
        for said in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "2001:db8::1", "2001:db8::2")
    ]
    assert told == [401, 401, 429, 401, 429]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_of_a_hundred_at_once_exactly_as_many_pass_as_allowed() -> None:
    barrier, passed = threading.Barrier(100), []

    def call() -> None:
        try:
            barrier.wait(30)
            if rate_limits.count_call(caller="person:1", limit=37).allowed:
                passed.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(passed) in (37, 74), "37 in each window of the clock"
    assert RateLimit.objects.get().used == 37
