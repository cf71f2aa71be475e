"""A bell of one's own: a queue in a folder, and a worker that only listens to it."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from celery.signals import worker_init
from django.db import connection

from egress.models import Cluster
from egress.services import bell
from portal import celery
from tests.faults.actors import EVERY, unfinished
from tests.faults.processes import Tell
from tests.faults.recorder import Recorder, recording
from tests.faults.scenes import Scene


def use_own_queue(folder: Path) -> None:
    """Let this process, and those it forks, ring and hear a bell that nobody else hears."""
    queue, control = folder / "queue", folder / "queue-control"
    for made in (queue, control):
        made.mkdir(parents=True, exist_ok=True)
    celery.app.conf.broker_transport_options = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": 0.05,
    }


def ringer(tell: Tell) -> None:
    """Ring the bell of every cluster, as a web process does after a commit."""
    for pk in Cluster.objects.values_list("pk", flat=True):
        bell.ring(pk)
    tell({"finished": True})


def doomed_listener(scene: Scene, kill_at: str | int | None) -> Callable[[Tell], None]:
    """Return the work of a Celery worker without loops, killed at a point."""

    def live(tell: Tell) -> None:
        worker_init.disconnect(celery.start_loops)
        with recording(Recorder(tell, kill_at)):
            worker = celery.app.Worker(
                pool="solo",
                loglevel="ERROR",
                quiet=True,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            )
            threading.Thread(target=_end_when_done, args=(scene, tell), daemon=True).start()
            worker.start()

    return live


def _end_when_done(scene: Scene, tell: Tell) -> None:
    pause = threading.Event()
    while unfinished(scene):
        connection.close()
        pause.wait(EVERY)
    # What the worker does last is to hear of the end of its task.
    pause.wait(EVERY)
    tell({"finished": True})
    os.kill(os.getpid(), signal.SIGKILL)
