"""How many requests are under way at once: more while all goes well, fewer when it does not."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.cluster.calls import Calls
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.pace import FIRST, AtRestError, Limit, NoPlaceError, Pace, manner, sending
from egress.cluster.transport import Answer, Headers, Query

FOREVER = 1e9
DEADLINE = 20.0


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, event: threading.Event, seconds: float) -> None:
        """Let the time go by, unless what is waited for has come."""
        if not event.is_set():
            self.waits.append(seconds)
            self.now += seconds


def pace(most: int = 32) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(most, clock=clock, pause=clock.pause), clock


def answer_many(limit: Limit, count: int, seconds: float) -> None:
    for _ in range(count):
        limit.answered(seconds, limit.round)


def test_it_begins_with_a_few_and_rises_while_answers_are_quick() -> None:
    limit = Limit()
    assert limit.allowed == FIRST
    answer_many(limit, 100, 0.005)
    assert FIRST < limit.allowed < 32
    answer_many(limit, 2000, 0.005)
    assert limit.allowed == 32


def test_it_never_exceeds_what_is_set() -> None:
    limit = Limit(most=3)
    answer_many(limit, 500, 0.005)
    assert limit.allowed == 3


def test_a_refusal_halves_it_once_for_all_that_was_sent_before() -> None:
    limit = Limit()
    sent_in = limit.round
    for _ in range(8):
        limit.refused(sent_in)
    assert limit.allowed == 4
    limit.refused(limit.round)
    assert limit.allowed == 2


def test_answers_that_take_twice_as_long_halve_it() -> None:
    limit = Limit()
    answer_many(limit, 50, 0.05)
    before = limit.allowed
    answer_many(limit, 20, 0.2)
    assert limit.allowed <= before / 2 + 1


def test_a_server_that_became_slower_for_good_is_used_again() -> None:
    limit = Limit()
    answer_many(limit, 100, 0.02)
    answer_many(limit, 3000, 0.3)
    assert limit.allowed > 4


def test_small_differences_change_nothing() -> None:
    limit = Limit()
    for number in range(500):
        limit.answered(0.001 + 0.008 * (number % 2), limit.round)
    assert limit.allowed > FIRST


@given(st.lists(st.one_of(st.none(), st.floats(0, 60)), max_size=200), st.integers(1, 40))
def test_it_always_lets_at_least_one_through_and_never_too_many(
    course: list[float | None], most: int
) -> None:
    limit = Limit(most=most)
    for seconds in course:
        if seconds is None:
            limit.refused(limit.round)
        else:
            limit.answered(seconds, limit.round)
        assert 1 <= limit.allowed <= most


def test_whoever_finds_no_place_in_time_is_told_so() -> None:
    paced, clock = pace(most=1)
    paced.take(FOREVER)
    with pytest.raises(NoPlaceError):
        paced.take(clock.now + 3)
    assert clock.waits == [3]
    assert paced.under_way == 1
    paced.give_back(0, status=200)
    paced.take(clock.now)
    assert paced.under_way == 1


def test_nobody_sends_before_the_rest_is_over() -> None:
    paced, clock = pace()
    began = clock.now
    paced.give_back(paced.take(FOREVER), status=429, retry_after=7)
    paced.take(FOREVER)
    assert clock.now == began + 7


def test_a_call_that_would_be_over_before_the_rest_is_given_up_at_once() -> None:
    paced, clock = pace()
    paced.give_back(paced.take(FOREVER), status=503, retry_after=60)
    with pytest.raises(AtRestError) as caught:
        paced.take(clock.now + 10)
    assert caught.value.seconds == 60
    assert clock.waits == []
    assert paced.under_way == 0


def test_what_takes_access_away_goes_before_what_waited_longer() -> None:
    paced = Pace(1)
    held = paced.take(time.monotonic() + DEADLINE)
    order: list[str] = []

    def wait(name: str, *, first: bool) -> None:
        round_ = paced.take(time.monotonic() + DEADLINE, first=first)
        order.append(name)
        paced.give_back(round_, status=200)

    threads = []
    for number, (name, first) in enumerate([("grant", False), ("grant", False), ("revoke", True)]):
        thread = threading.Thread(target=wait, args=(name,), kwargs={"first": first})
        thread.start()
        threads.append(thread)
        wait_until_waiting(paced, number + 1)
    paced.give_back(held, status=200)
    for thread in threads:
        thread.join(DEADLINE)
    assert order == ["revoke", "grant", "grant"]


def wait_until_waiting(paced: Pace, count: int) -> None:
    """Look until so many wait for a place."""
    until, pause = time.monotonic() + DEADLINE, threading.Event()
    while paced.waiting < count:
        assert time.monotonic() < until
        pause.wait(0.005)


class Server:
    """A transport that answers as planned, and says so once."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, bool]] = []

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query,
        headers: Headers,
        body: object | None,
        timeout: float,
    ) -> Answer:
        self.seen.append((method, manner().first))
        return self.answers.pop(0)

    def stream(self, path: str, *, query: Query, headers: Headers, timeout: float) -> object:
        raise AssertionError("nothing is watched here")

    def close(self) -> None:
        pass


def refusal(seconds: str = "") -> Answer:
    return Answer(429, {"retry-after": seconds} if seconds else {}, b"{}")


OK = Answer(200, {}, b"{}")


def calls(server: Server, timeout: float = 10.0) -> Calls:
    return Calls(server, timeout)  # type: ignore[arg-type]


def test_what_was_refused_with_429_is_sent_once_more_after_the_rest() -> None:
    server = Server(refusal("0"), OK)
    sent = calls(server)
    assert sent.send(sent.begin("write", writes=True), "PATCH", "/x").status == 200
    assert len(server.seen) == 2


def test_it_is_not_sent_a_third_time() -> None:
    server = Server(refusal("0"), refusal("0"), OK)
    sent = calls(server)
    assert sent.send(sent.begin("write", writes=True), "PATCH", "/x").status == 429
    assert len(server.seen) == 2


@pytest.mark.parametrize("answer", [refusal(), refusal("60"), Answer(503, {"retry-after": "0"})])
def test_without_time_for_the_rest_or_without_knowing_nothing_is_repeated(answer: Answer) -> None:
    server = Server(answer, OK)
    sent = calls(server)
    assert sent.send(sent.begin("write", writes=True), "PATCH", "/x").status == answer.status
    assert len(server.seen) == 1


def test_while_the_server_rests_calls_end_at_once_and_say_how_long() -> None:
    server = Server(refusal("60"))
    sent = calls(server)
    sent.send(sent.begin("write", writes=True), "PATCH", "/x")
    with pytest.raises(ClusterError) as caught:
        sent.send(sent.begin("read it"), "GET", "/x")
    assert caught.value.fault is Fault.TOO_MANY_REQUESTS
    assert not caught.value.outcome_unknown
    assert caught.value.retry_after == pytest.approx(60, abs=5)
    assert len(server.seen) == 1


def test_what_may_not_be_sent_any_more_is_not_and_keeps_no_place() -> None:
    server = Server(OK)
    sent = calls(server)

    def no_longer() -> None:
        raise RuntimeError("the lease has run out")

    with pytest.raises(RuntimeError), sending(check=no_longer):
        sent.send(sent.begin("write", writes=True), "PATCH", "/x")
    assert server.seen == []
    sent.send(sent.begin("write", writes=True), "PATCH", "/x")
    assert server.seen == [("PATCH", False)]


def test_a_manner_of_sending_holds_within_its_block() -> None:
    with sending(first=True):
        assert manner().first
        with sending(check=lambda: None):
            assert manner().first
            assert manner().check is not None
        assert manner().check is None
    assert not manner().first


def test_what_takes_access_away_does_not_keep_others_waiting_for_ever() -> None:
    paced = Pace(1)
    held = paced.take(time.monotonic() + DEADLINE)
    order: list[str] = []

    def wait(name: str, *, first: bool) -> None:
        round_ = paced.take(time.monotonic() + DEADLINE, first=first)
        order.append(name)
        paced.give_back(round_, status=200)

    threads = []
    for number, name in enumerate(["sweep", *["revoke"] * 20]):
        more = {"first": name == "revoke"}
        thread = threading.Thread(target=wait, args=(name,), kwargs=more)
        thread.start()
        threads.append(thread)
        wait_until_waiting(paced, number + 1)
    paced.give_back(held, status=200)
    for thread in threads:
        thread.join(DEADLINE)
    assert order.index("sweep") == 8
