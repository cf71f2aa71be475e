"""Calls side by side: all are made, in any order, and what goes wrong with one stops no other."""

import threading
from collections.abc import Callable

import pytest
from pytest_django import Settings

from egress.cluster.pace import manner, sending
from egress.services.convergence import together
from tests.services.convergence.crashing import Killed

DEADLINE = 10.0


def numbered(count: int) -> list[Callable[[], int]]:
    return [lambda n=number: n for number in range(count)]  # type: ignore[misc]


def failing(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


def test_results_come_in_the_order_of_the_calls() -> None:
    assert together.all_of(numbered(100)) == list(range(100))
    assert together.side_by_side(numbered(1)) == [0]
    assert together.side_by_side([]) == []


def test_calls_are_really_under_way_at_the_same_time(settings: Settings) -> None:
    settings.REQUESTS_AT_ONCE = 4
    meeting = threading.Barrier(4, timeout=DEADLINE)
    assert len(together.all_of([meeting.wait] * 4)) == 4


def test_no_more_are_under_way_than_is_set(settings: Settings) -> None:
    settings.REQUESTS_AT_ONCE = 3
    lock, now, most = threading.Lock(), 0, 0

    def call() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1

    together.all_of([call] * 20)
    assert 1 <= most <= 3


def test_set_to_one_everything_happens_in_the_callers_own_thread(settings: Settings) -> None:
    settings.REQUESTS_AT_ONCE = 1
    assert set(together.all_of([threading.get_ident] * 20)) == {threading.get_ident()}


def test_an_error_is_the_result_of_its_own_call_alone() -> None:
    error = ValueError("this one only")
    found = together.side_by_side([*numbered(2), failing(error), *numbered(2)])
    assert found == [0, 1, error, 0, 1]
    with pytest.raises(ValueError, match="this one only"):
        together.all_of([*numbered(2), failing(error)])


def test_when_the_process_dies_in_one_of_them_it_dies() -> None:
    with pytest.raises(Killed):
        together.side_by_side([*numbered(20), failing(Killed()), *numbered(20)])


def test_every_call_is_sent_in_the_manner_of_its_caller() -> None:
    with sending(first=True):
        assert set(together.all_of([lambda: manner().first] * 30)) == {True}
    assert set(together.all_of([lambda: manner().first] * 30)) == {False}


def test_it_goes_on_when_all_other_threads_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        """A pool whose threads all wait for a cluster that does not answer."""

        def submit(self, *_: object) -> "Busy":
            return self

        def cancel(self) -> bool:
            return True

    monkeypatch.setattr(together, "_threads", Busy)
    assert together.all_of(numbered(50)) == list(range(50))
