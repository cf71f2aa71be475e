"""Deliveries side by side: threads that claim what is due until nothing is left."""

import threading
from collections import Counter

from django.conf import settings
from django.db import connection

from egress.models import Cluster
from egress.services.convergence import stopping
from egress.services.convergence.claim import Claim
from egress.services.convergence.deliver import deliver
from egress.services.convergence.queue import claim_next, due_slices

_under_way: Counter[int] = Counter()
_claiming = threading.Lock()


class Crew:
    """Works off what is due, with one thread for each delivery that is under way.

    A cluster that could not be reached is left alone for as long as this crew works. All crews of
    a process together leave one thread to other clusters, whatever one of them does.
    """

    def __init__(self, worker: str, cluster_id: int | None = None) -> None:
        """`cluster_id` limits the work to one cluster."""
        self._worker = worker
        self._cluster_id = cluster_id
        self._unreachable: set[int] = set()
        self._error: BaseException | None = None
        self._done = 0

    def work(self, threads: int) -> int:
        """Work with so many threads, the caller's own included; return what was delivered.

        Raises what the first delivery raised that could not be ended; the others are finished.
        """
        others = [
            threading.Thread(target=self._join_in, name=f"egress-deliver-{number}", daemon=True)
            for number in range(self._useful(threads) - 1)
        ]
        for other in others:
            other.start()
        self._go_on()
        for other in others:
            other.join()
        if self._error:
            raise self._error
        return self._done

    def _useful(self, threads: int) -> int:
        """Return how many threads have something to do; others see nothing of a transaction."""
        if threads < 2 or connection.in_atomic_block:
            return 1
        return min(threads, due_slices()[:threads].count())

    def _join_in(self) -> None:
        try:
            self._go_on()
        finally:
            connection.close()

    def _go_on(self) -> None:
        try:
            while self._error is None and not stopping.is_asked():
                claim = self._claim()
                if claim is None:
                    return
                try:
                    if not deliver(claim):
                        self._unreachable.add(claim.row.cluster_id)
                finally:
                    self._give_place_back(claim.row.cluster_id)
        except BaseException as error:
            self._error = self._error or error

    def _claim(self) -> Claim | None:
        with _claiming:
            without = self._unreachable | _crowded()
            claim = claim_next(self._worker, cluster_id=self._cluster_id, without=without)
            if claim:
                self._done += 1
                _under_way[claim.row.cluster_id] += 1
            return claim

    def _give_place_back(self, cluster_id: int) -> None:
        with _claiming:
            _under_way[cluster_id] -= 1


def _crowded() -> set[int]:
    """Return the clusters on which all threads but one of this process work already."""
    most = settings.CONVERGE_THREADS - 1
    found = {cluster for cluster, count in _under_way.items() if 0 < most <= count}
    return found if found and Cluster.objects.count() > 1 else set()
