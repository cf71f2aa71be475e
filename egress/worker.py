"""The loops of a worker process: they need the database only, no broker and no beat."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from egress.followers import Followers
from egress.services import convergence, notifications, posture
from egress.services.convergence import stopping
from egress.services.convergence.clock import database_now
from egress.services.convergence.queue import due_slices
from egress.services.convergence.workers import worker_name
from egress.services.gateways import forget_gateways
from egress.services.webhooks import queueing

logger = structlog.get_logger(__name__)


class Loops:
    """Sweeps, searches for drift, follows inventories, looks at postures, tells people, programs.

    All until `stop`. Each loop survives whatever goes wrong in a round: a database that restarts
    is there again in the next one.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._pool = ThreadPoolExecutor(settings.CONVERGE_THREADS, "egress-converge")
        self._running: set[Future[None]] = set()
        self._followers = Followers()

    def start(self) -> None:
        """Start the loops; each begins with a round at once."""
        stopping.forget()
        loops: dict[str, Callable[[], None]] = {
            "sweep": self._sweep,
            "drift": self._search,
            "follow": self._followers.tend,
            "posture": self._look,
            "notifications": self._tell,
            "webhooks": self._call,
        }
        for name, once in loops.items():
            thread = threading.Thread(
                target=self._repeat, args=(name, once), name=f"egress-{name}", daemon=True
            )
            thread.start()
            self._threads[name] = thread

    def stop(self, timeout: float = 10.0) -> None:
        """End the loops; a call that is under way is finished. `timeout` is in seconds."""
        until = time.monotonic() + timeout
        self._stop.set()
        stopping.ask()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if "follow" in self._threads:
            # A round that still runs could start the followers again.
            self._threads["follow"].join(timeout)
        self._followers.stop()
        for thread in self._threads.values():
            thread.join(max(0.0, until - time.monotonic()))
        forget_gateways()

    def _repeat(self, name: str, once: Callable[[], None]) -> None:
        while not self._stop.is_set():
            run_round(name, once)
            self._stop.wait(settings.SWEEP_SECONDS)
        connection.close()

    def _sweep(self) -> None:
        convergence.tend(database_now())
        self._running = {one for one in self._running if not one.done()}
        free = settings.CONVERGE_THREADS - len(self._running)
        # The round does not wait for deliveries: a cluster that hangs holds up no other.
        for _ in range(min(free, due_slices().count())):
            self._running.add(self._pool.submit(_deliver))

    def _search(self) -> None:
        convergence.search_where_due(worker_name(), database_now())

    def _look(self) -> None:
        posture.look_where_due(database_now())

    def _tell(self) -> None:
        notifications.tend(database_now(), is_stopping=self._stop.is_set)

    def _call(self) -> None:
        queueing.tend(database_now(), is_stopping=self._stop.is_set)


def run_round(name: str, once: Callable[[], None]) -> None:
    """Run one round of a loop in this thread, with a connection that works. Never raises."""
    close_old_connections()
    try:
        once()
    except Exception as error:
        logger.warning(
            "round_failed", loop=name, why=f"{type(error).__name__}: {error}"[:300], exc_info=True
        )
        connection.close()


def _deliver() -> None:
    def once() -> None:
        convergence.converge(worker=worker_name(), threads=1)

    run_round("converge", once)
    connection.close()
