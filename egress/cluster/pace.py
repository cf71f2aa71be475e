"""How many requests may be under way to one cluster: as many as it takes well.

The number rises while the cluster answers about as fast as it can, and is halved when it asks for
rest (429, 503) or answers much slower. Nothing is sent while the cluster asked for rest. Waiting
requests are let through in the order they came, but those that take access away go first: so many
of them in a row that they hardly wait, and not so many that whoever looks at the cluster meanwhile
takes it for dead.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

FIRST = 8
MOST = 32
_ASKS_FOR_REST = frozenset({429, 503})
_NEAR, _SLOW = 1.5, 2.0
_TOLERANCE = 0.01
"""Seconds by which answers may be later than twice the best: our own threads wait, too."""
_SMOOTHING = 1 / 8
_IN_A_ROW = 8
"""So many of those that go first are let through before one of the others that wait."""
_FORGETTING = 1.001
"""A server that became slower for good is known by this factor for each answer."""

Pause = Callable[[threading.Event, float], object]
"""Waits for an event, but not longer than so many seconds."""


@dataclass(frozen=True)
class Manner:
    """How the requests of a piece of work are sent.

    `first`: they take the next free place. `check` is called right before each is sent, with a
    place already taken, and raises when it must not be sent any more.
    """

    first: bool = False
    check: Callable[[], None] | None = None


_manner: ContextVar[Manner] = ContextVar("manner", default=Manner())  # noqa: B039 (frozen)


def manner() -> Manner:
    """Return how requests are sent here."""
    return _manner.get()


@contextmanager
def sending(
    *, first: bool | None = None, check: Callable[[], None] | None = None
) -> Iterator[None]:
    """Send the requests of this block in a manner of their own; None leaves it as it is."""
    now = _manner.get()
    changed = Manner(now.first if first is None else first, check or now.check)
    token = _manner.set(changed)
    try:
        yield
    finally:
        _manner.reset(token)


class AtRestError(Exception):
    """The cluster asked for rest until after the call must be over; `seconds` are left of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds = seconds


class NoPlaceError(Exception):
    """No place became free in time."""


class Limit:
    """The number of requests that may be under way: additive rise, halved on trouble."""

    def __init__(self, first: int = FIRST, most: int = MOST) -> None:
        self._most = max(1, most)
        self._value = float(min(max(1, first), self._most))
        self._usual: float | None = None
        self._best: float | None = None
        self.round = 0
        """Rises with each halving: what was sent before it tells nothing about the new number."""

    @property
    def allowed(self) -> int:
        """Return how many requests may be under way, at least one."""
        return max(1, int(self._value))

    def answered(self, seconds: float, round_: int) -> None:
        """Learn from an answer that took so long to a request sent in `round_`."""
        if round_ != self.round:
            return
        usual = seconds if self._usual is None else self._usual
        self._usual = usual = usual + (seconds - usual) * _SMOOTHING
        best = usual if self._best is None else min(self._best * _FORGETTING, usual)
        self._best = best
        if usual > _SLOW * best + _TOLERANCE:
            if self.allowed == 1:
                # Nothing else of ours is under way, so this is how fast the cluster is.
                self._best = usual
            self._halve()
        elif usual <= _NEAR * best + _TOLERANCE:
            self._value = min(float(self._most), self._value + 1 / self._value)

    def refused(self, round_: int) -> None:
        """Learn that a request sent in `round_` was refused because there were too many."""
        if round_ == self.round:
            self._halve()

    def _halve(self) -> None:
        self._value = max(1.0, self._value / 2)
        self._usual = None
        self.round += 1


@dataclass(eq=False)
class _Turn:
    let: threading.Event = field(default_factory=threading.Event)
    round: int = 0


class Pace:
    """The places for requests to one cluster, shared by all threads of a process."""

    def __init__(
        self,
        most: int = MOST,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Pause = threading.Event.wait,
    ) -> None:
        """`most` is the highest number of requests under way that is ever allowed."""
        self.limit = Limit(most=most)
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._under_way = 0
        self._rest_until = 0.0
        self._first: deque[_Turn] = deque()
        self._others: deque[_Turn] = deque()
        self._in_a_row = 0

    @property
    def under_way(self) -> int:
        """Return how many requests are under way now."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """Return how many requests wait for a place."""
        return len(self._first) + len(self._others)

    def take(self, until: float, *, first: bool = False) -> int:
        """Wait for a place and take it; return the number to give it back with.

        `until` is a reading of the clock. Raises AtRestError and NoPlaceError; then nothing is
        taken.
        """
        turn = _Turn()
        queue = self._first if first else self._others
        with self._lock:
            queue.append(turn)
            self._let()
        while not turn.let.is_set():
            now = self._clock()
            rest = self._rest_until - now
            if now >= until or now + rest > until:
                self._leave(queue, turn, rest)
                break
            self._pause(turn.let, min(until - now, rest) if rest > 0 else until - now)
            with self._lock:
                self._let()
        return turn.round

    def _leave(self, queue: deque[_Turn], turn: _Turn, rest: float) -> None:
        with self._lock:
            if turn.let.is_set():
                # The place came in the last moment.
                return
            queue.remove(turn)
        raise AtRestError(rest) if rest > 0 else NoPlaceError

    def give_back(
        self,
        round_: int,
        *,
        status: int = 0,
        seconds: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Give a place back, and tell how it went.

        `status` is that of the answer, 0 for none. `seconds` is how long a usual answer took,
        None for one that tells nothing. `retry_after` are the seconds of rest asked for.
        """
        with self._lock:
            self._under_way -= 1
            if status in _ASKS_FOR_REST:
                self.limit.refused(round_)
                if retry_after:
                    self._rest_until = max(self._rest_until, self._clock() + retry_after)
            elif seconds is not None:
                self.limit.answered(seconds, round_)
            self._let()

    def _let(self) -> None:
        """Let those through for whom there is a place. The lock is held."""
        if self._rest_until and self._clock() < self._rest_until:
            return
        while self._under_way < self.limit.allowed and (self._first or self._others):
            turn = self._next().popleft()
            turn.round = self.limit.round
            self._under_way += 1
            turn.let.set()

    def _next(self) -> deque[_Turn]:
        """Return whose turn it is, the one or the other: somebody waits. The lock is held."""
        if not self._others or (self._first and self._in_a_row < _IN_A_ROW):
            self._in_a_row = self._in_a_row + 1 if self._others else 0
            return self._first
        self._in_a_row = 0
        return self._others
