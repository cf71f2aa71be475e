"""Follow the inventory of every cluster, each by one process at a time."""

import threading
from collections.abc import Callable
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction

from egress.cluster.errors import ClusterError
from egress.cluster.follower import InventoryFollower, Pace
from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import InventorySnapshot
from egress.models import Cluster
from egress.services import inventory
from egress.services.convergence import lease
from egress.services.convergence.clock import database_now
from egress.services.convergence.reach import is_unreachable, note_reached, note_unreachable
from egress.services.convergence.workers import worker_name
from egress.services.errors import Refused, Unavailable
from egress.services.gateways import open_own_gateway
from egress.services.ownership.sources import owner_annotations

logger = structlog.get_logger(__name__)
RETRY_SECONDS = 1.0


class LeaseLostError(Exception):
    """Another process may follow the cluster by now, and know more than this one."""


class Followers:
    """The followers of this process, one thread per cluster whose lease it holds."""

    def __init__(self) -> None:
        self._holder = worker_name()
        self._running: dict[int, Follower] = {}

    def tend(self) -> None:
        """Start, prolong and end followers, so that each cluster has one somewhere."""
        clusters = {cluster.pk: cluster for cluster in Cluster.objects.all()}
        for pk in [pk for pk in self._running if pk not in clusters]:
            self._end(pk)
        for pk, cluster in clusters.items():
            running = self._running.get(pk)
            if running and not running.serves(cluster):
                self._end(pk)
            if not lease.take(_name(pk), self._holder, seconds=settings.LEASE_SECONDS):
                self._end(pk)
            elif pk not in self._running:
                self._running[pk] = Follower(cluster, self._holder)
                self._running[pk].start()

    def stop(self) -> None:
        """End all followers and let other processes take over at once."""
        for pk in list(self._running):
            self._end(pk)
            try:
                lease.give_back(_name(pk), self._holder)
            except DatabaseError:
                logger.warning("lease_not_given_back", cluster_id=pk)

    def _end(self, pk: int) -> None:
        running = self._running.pop(pk, None)
        if running:
            running.stop()


class Follower:
    """Follows one cluster in a thread of its own, for as long as `holder` has its lease."""

    def __init__(self, cluster: Cluster, holder: str) -> None:
        self._cluster = cluster
        self._holder = holder
        self._credentials = bytes(cluster.credentials)
        self._stop = threading.Event()
        self._gateway: ClusterGateway | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"egress-follow-{cluster.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def serves(self, cluster: Cluster) -> bool:
        """Tell whether this follower still runs, with the credentials of now."""
        return self._thread.is_alive() and bytes(cluster.credentials) == self._credentials

    def stop(self) -> None:
        """End the thread soon: an open watch ends with its connection."""
        self._stop.set()
        if self._gateway:
            self._gateway.close()

    def _run(self) -> None:
        try:
            self._gateway = open_own_gateway(self._cluster)
            follower = InventoryFollower(
                self._gateway,
                pace=Pace(relist=settings.RELIST_SECONDS),
                on_trouble=self._note_trouble,
                annotations=owner_annotations(),
            )
            for snapshot in follower.follow(self._stop):
                self._keep_trying(partial(self._take, snapshot))
        except (Unavailable, Refused) as error:
            self._once(partial(note_unreachable, self._cluster, error.message))
        except LeaseLostError:
            logger.warning("inventory_lease_lost", cluster=self._cluster.name)
        except Exception:
            logger.exception("follower_broke", cluster=self._cluster.name)
        finally:
            if self._gateway:
                self._gateway.close()
            connection.close()

    def _take(self, snapshot: InventorySnapshot) -> None:
        with transaction.atomic():
            # A process that was frozen wakes with an old picture and calls it new.
            if not lease.hold(_name(self._cluster.pk), self._holder):
                raise LeaseLostError
            inventory.sync(cluster=self._cluster, snapshot=snapshot, now=database_now())
        note_reached(self._cluster)

    def _note_trouble(self, error: ClusterError) -> None:
        logger.warning("inventory_trouble", cluster=self._cluster.name, why=error.message)
        if is_unreachable(error):
            self._once(partial(note_unreachable, self._cluster, error.message))

    def _keep_trying(self, deed: Callable[[], None]) -> None:
        """Do something with the database until it works: a snapshot must not be lost.

        Raises what trying again cannot change: LeaseLostError, Refused for another cluster.
        """
        while not self._stop.is_set() and not self._once(deed):
            self._stop.wait(RETRY_SECONDS)

    def _once(self, deed: Callable[[], None]) -> bool:
        close_old_connections()
        try:
            deed()
        except (DatabaseError, Unavailable) as error:
            logger.warning("inventory_not_stored", why=f"{type(error).__name__}: {error}"[:300])
            connection.close()
            return False
        return True


def _name(cluster_id: int) -> str:
    return f"inventory:{cluster_id}"
