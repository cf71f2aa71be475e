"""The bell never fails its caller and never makes them wait."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app

from egress.services import bell


@pytest.fixture(autouse=True)
def _a_bell_that_may_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "_silent_until", 0.0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was sent to the broker."""
    messages: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: messages.append((name, options))
    )
    return messages


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A broker that does not answer until the test is over."""
    let_go, calls = threading.Event(), list[int]()

    def hang(*_: Any, **__: Any) -> None:
        calls.append(1)
        let_go.wait(30)

    monkeypatch.setattr(current_app, "send_task", hang)
    yield calls
    let_go.set()


def test_it_tells_the_workers_which_cluster(sent: list[tuple[str, dict[str, Any]]]) -> None:
    bell.ring(7)
    assert [(name, options["kwargs"]) for name, options in sent] == [
        ("egress.tasks.converge", {"cluster_id": 7})
    ]


def test_a_broker_that_is_down_is_nobodys_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(current_app, "send_task", refuse)
    bell.ring(7)


def test_a_broker_that_hangs_costs_a_second_once(hanging: list[int]) -> None:
    started = time.monotonic()
    bell.ring(7)
    assert time.monotonic() - started < 1.5
    started = time.monotonic()
    for _ in range(100):
        bell.ring(7)
    assert time.monotonic() - started < 0.1
    assert len(hanging) == 1
