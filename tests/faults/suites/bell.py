"""P7 and P13: losing the broker at any approval loses no approval, and nobody waits for it.

The whole portal runs: web, worker, sandbox, database, broker. The pick-up is measured in the
database, from the decision to the start of the first delivery that carries it.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import redis

from egress.domain.lifecycle import GrantStatus
from egress.models import Delivery, Grant, Namespace, Person, Request
from tests import factories as make
from tests.e2e.portal import Portal, running_portal
from tests.faults.grounds import broken_chain
from tests.faults.suite import Outcome, Run, Suite
from tests.servers import free_port, redis_server, wait_until

APPROVALS = 50
NAMESPACES = ("shop", "data", "search", "otherns")
PICKED_UP_SECONDS = 12.0
APPLIED_SECONDS = 90.0
SWEEP_OF_FILES = "2"
"""Seconds between sweeps beside the file queue; beside Redis they are as in real life."""
HANGS_SECONDS = 8.0
"""A request to the web that takes longer than this counts as hanging."""


class Bell(Suite):
    """A portal for each process; every case breaks its broker during approvals."""

    promises = ("P7", "P13")
    limit = 240.0

    def __init__(self, name: str, title: str, ways: Sequence[str], cases: int) -> None:
        self.name, self.title, self._ways = name, title, ways
        self._cases = cases
        self.target = cases * APPROVALS

    def cases(self) -> Sequence[str]:
        """Return the ways to lose a broker, several times each."""
        return [f"{self._ways[n % len(self._ways)]}-{n}" for n in range(self._cases)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Start the portal on the database of this process."""
        with ExitStack() as stack:
            broker = self.broker(folder, stack)
            extra = {**broker.settings, "EGRESS_DATABASE_URL": os.environ["EGRESS_DATABASE_URL"]}
            portal = stack.enter_context(running_portal(folder, extra))
            yield Played(portal, broker).run

    @abstractmethod
    def broker(self, folder: Path, stack: ExitStack) -> "Broker":
        """Return the broker of this suite."""


class Broker(ABC):
    """What carries messages, and how it is lost. `settings` tell the portal of it."""

    settings: Mapping[str, str] = {}

    def lose(self, way: str) -> None:
        """Do to the broker what `way` says."""
        getattr(self, way)()

    @abstractmethod
    def mend(self) -> None:
        """Have the broker work again."""


@dataclass
class Redis(Broker):
    """A Redis server on a port that stays the same."""

    port: int = field(default_factory=free_port)
    stack: ExitStack = field(default_factory=ExitStack)
    process: "subprocess.Popen[bytes] | None" = None
    is_frozen: bool = False

    def __post_init__(self) -> None:
        # The sweep as it is in real installations: the pick-up is promised for that.
        url = f"redis://127.0.0.1:{self.port}/0"
        self.settings = {"EGRESS_BROKER_URL": url, "EGRESS_SWEEP_SECONDS": "10"}
        self.mend()

    def mend(self) -> None:
        """Start it, or let it go on."""
        if self.process and self.is_frozen:
            self.process.send_signal(signal.SIGCONT)
            self.is_frozen = False
        if self.process is None:
            _, self.process = self.stack.enter_context(redis_server(self.port))

    def killed(self) -> None:
        """Kill it, and start an empty one at once."""
        self.away()
        self.mend()

    def flushed(self) -> None:
        """Lose every message."""
        with suppress(redis.RedisError), redis.Redis(port=self.port, socket_timeout=1) as client:
            client.flushall()

    def frozen(self) -> None:
        """Stop it in its tracks: it accepts connections and answers nothing."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)
            self.is_frozen = True

    def away(self) -> None:
        """Kill it."""
        self.stack.close()
        self.process, self.is_frozen = None, False

    never = away


@dataclass
class Folder(Broker):
    """The queue of files of a portal on one machine."""

    folder: Path

    def __post_init__(self) -> None:
        self.settings = {"EGRESS_SWEEP_SECONDS": SWEEP_OF_FILES}

    @property
    def queue(self) -> Path:
        """Return the folder with the messages."""
        return self.folder / "queue"

    def mend(self) -> None:
        """Have an empty queue there."""
        if not self.queue.is_dir():
            with suppress(FileNotFoundError):
                self.queue.unlink()
            self.queue.mkdir()

    def flushed(self) -> None:
        """Lose every message."""
        for message in self.queue.iterdir():
            message.unlink(missing_ok=True)

    def spoiled(self) -> None:
        """Make nonsense of every message."""
        for message in self.queue.iterdir():
            with suppress(OSError):
                message.write_bytes(b"\x00{")

    def away(self) -> None:
        """Have no queue at all, and a file in its place."""
        shutil.rmtree(self.queue, ignore_errors=True)
        with suppress(OSError):
            self.queue.touch()

    never = away


class OnRedis(Bell):
    """PostgreSQL and Redis, with the real interval of the sweep."""

    database = "postgres"
    needs = ("PostgreSQL", "Redis")

    def broker(self, folder: Path, stack: ExitStack) -> Broker:
        """Start a Redis server."""
        made = Redis()
        stack.callback(made.away)
        stack.callback(made.mend)
        return made


class OnFiles(Bell):
    """SQLite and the file queue."""

    def broker(self, folder: Path, stack: ExitStack) -> Broker:
        """Return the queue of files."""
        return Folder(folder)


@dataclass
class Played:
    """A running portal, and what is done to its broker."""

    portal: Portal
    broker: Broker
    hosts: Iterator[int] = field(default_factory=count)

    def run(self, case: str, chance: random.Random) -> Outcome:
        """Approve many requests while the broker is lost at some of them."""
        way = case.split("-")[0]
        asked = [self._ask(chance) for _ in range(APPROVALS)]
        lost_at = set(chance.sample(range(APPROVALS), 4))
        slowest = 0.0
        try:
            if way == "never":
                self._start_without()
            for number, request in enumerate(asked):
                if number in lost_at:
                    self.broker.lose(way)
                slowest = max(slowest, self._approve(request))
            wrong = self._judge(asked, slowest)
        finally:
            self.broker.mend()
        picked_up = self._slowest_pick_up(asked)
        if picked_up > PICKED_UP_SECONDS:
            wrong.append(f"A grant was picked up after {picked_up:.1f} s.")
        figures = {"pick-up s": round(picked_up, 2), "approve s": round(slowest, 2)}
        return Outcome(APPROVALS, wrong + broken_chain(), figures)

    def _ask(self, chance: random.Random) -> Request:
        name = chance.choice(NAMESPACES)
        row = Namespace.objects.get(name=name, gone_at=None)
        dana = Person.objects.get(username="dana")
        return make.request(row, dana, f"h{next(self.hosts)}.example.com")

    def _start_without(self) -> None:
        self.broker.lose("never")
        self.portal.end("worker")
        self.portal.start("worker")

    def _approve(self, request: Request) -> float:
        began = time.monotonic()
        self.portal.approve(request.pk)
        return time.monotonic() - began

    def _judge(self, asked: Sequence[Request], slowest: float) -> list[str]:
        wrong = []
        if slowest > HANGS_SECONDS:
            wrong.append(f"An approval took {slowest:.1f} s of somebody's time.")
        found = Grant.objects.filter(request__in=asked)
        with suppress(AssertionError):
            active = found.filter(status=GrantStatus.ACTIVE)
            wait_until("all is active", lambda: active.count() == len(asked), APPLIED_SECONDS, 0.3)
        for grant in found.exclude(status=GrantStatus.ACTIVE):
            wrong.append(f"{grant} is {grant.status} still. {grant.failed_message}")
        if (number := found.count()) != len(asked):
            wrong.append(f"{number} grants came of {len(asked)} approvals.")
        open_hosts = self.portal.hosts()
        missing = [g.host for g in found if all(g.host != host for _, host in open_hosts)]
        return wrong + [f"{host} is not in the cluster." for host in missing]

    def _slowest_pick_up(self, asked: Sequence[Request]) -> float:
        waits = [_wait_of(grant) for grant in Grant.objects.filter(request__in=asked)]
        return max(waits, default=0.0)


def _wait_of(grant: Grant) -> float:
    """Return the seconds from the decision to the first delivery that could carry it."""
    keys = [f"host:{grant.host}", f"namespace:{grant.namespace}"]
    started = (
        Delivery.objects.filter(
            cluster=grant.cluster, slice__key__in=keys, started_at__gte=grant.created_at
        )
        .order_by("started_at")
        .values_list("started_at", flat=True)
        .first()
    )
    if started is None:
        return APPLIED_SECONDS
    return float((started - grant.created_at).total_seconds())


BELL_REDIS = OnRedis(
    "bell-redis",
    "Redis killed, flushed, frozen, away or never there, at approvals; sweep every 10 s",
    ("killed", "flushed", "frozen", "away", "never"),
    15,
)
BELL_FILES = OnFiles(
    "bell-files",
    "File queue emptied, spoiled, away or never there, at approvals",
    ("flushed", "spoiled", "away", "never"),
    5,
)
