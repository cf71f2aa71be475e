"""The processes of a run: workers and a web process, as the real ones do their work."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client, override_settings
from django.utils import timezone

from egress.cluster.errors import ClusterError
from egress.cluster.inventory import read_inventory
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus
from egress.models import Cluster, Delivery, Grant, Lease, OwnedObject, Person, Slice
from egress.services import convergence, inventory, posture
from egress.services.actor import Actor
from egress.services.convergence.clock import database_now
from egress.services.convergence.workers import worker_name
from egress.services.errors import ServiceError
from egress.services.gateways import open_gateway
from egress.services.grants import revoke
from egress.worker import Loops
from tests.faults.processes import Tell
from tests.faults.recorder import Recorder, recording
from tests.faults.scenes import Scene, Stage

EVERY = 0.1
LONGEST = 60.0
"""Seconds within which everything must be as the database says again."""


def unfinished(scene: Scene) -> list[str]:
    """Return in words what still has to come, nothing when all is settled."""
    due = Slice.objects.filter(wanted__gt=F("done")).exclude(problem_reason__in=scene.may_stay)
    left = [f"slice {row.key} is due ({row.problem_reason})" for row in due]
    running = Delivery.objects.filter(outcome=Delivery.Outcome.RUNNING)
    left += [f"delivery {row.pk} is running" for row in running]
    left += [f"{row} has an intent" for row in OwnedObject.objects.exclude(intent_hash="")]
    ended = Grant.objects.exclude(status__in=sorted([*OPEN_GRANT_STATUSES, GrantStatus.SUSPENDED]))
    left += [f"{row} is not confirmed" for row in ended.filter(confirmed_at=None)]
    waiting = Grant.objects.filter(status__in=sorted(OPEN_GRANT_STATUSES), applied_at=None)
    left += [f"{row} is not applied ({row.failed_reason})" for row in waiting]
    overdue = Grant.objects.filter(ended_at=None, expires_at__lte=database_now())
    return left + [f"{row} is over" for row in overdue]


def sync() -> None:
    """Read the inventory of the cluster, as a follower does."""
    for cluster in Cluster.objects.all():
        snapshot = read_inventory(open_gateway(cluster))
        sure = type(snapshot)(
            snapshot.namespaces, snapshot.taken_at, snapshot.resource_versions, True
        )
        with transaction.atomic():
            inventory.sync(cluster=cluster, snapshot=sure, now=timezone.now())


STEPS: dict[str, Callable[[], object]] = {
    "sync": sync,
    "posture": lambda: posture.look_where_due(database_now()),
    "sweep": lambda: convergence.sweep_once(worker=worker_name()),
}


def work(scene: Scene, seconds: float | None = None) -> float:
    """Do what a worker does, one thing after the other, until all is settled.

    `seconds` is how long it may take, LONGEST unless given. Returns the seconds it took;
    infinite when it did not end in time.
    """
    began, pause = time.monotonic(), threading.Event()
    steps, since = list(scene.steps), database_now()
    while time.monotonic() - began < (LONGEST if seconds is None else seconds):
        for step in list(steps):
            _try(STEPS[step])
            if step != "sweep":
                steps.remove(step)
        if not unfinished(scene) and (not scene.searched or _was_searched(since)):
            return time.monotonic() - began
        pause.wait(EVERY)
    return float("inf")


def _was_searched(since: datetime) -> bool:
    """Tell whether a search for drift has begun and ended since."""
    is_held = Lease.objects.filter(name__startswith="sweep:", until__gte=Now()).exists()
    return not is_held and not Cluster.objects.exclude(swept_at__gte=since).exists()


def _try(step: Callable[[], object]) -> None:
    """Do one step; what breaks off is tried again, as in the loops of a worker."""
    try:
        step()
    except (DatabaseError, ServiceError, ClusterError):
        connection.close()


def doomed_worker(
    scene: Scene, kill_at: str | int | None, number: signal.Signals = signal.SIGKILL
) -> Callable[[Tell], None]:
    """Return the work of a worker that gets a signal at a point; None only tells all points."""

    def live(tell: Tell) -> None:
        with recording(Recorder(tell, kill_at, number)):
            if scene.away:
                convergence.sweep_once(worker=worker_name())
                tell({"finished": True})
                return
            took = work(scene, 20.0)
            tell({"finished": took < float("inf"), "left": unfinished(scene)})

    return live


def doomed_loops(
    kill_at: int | None, number: signal.Signals = signal.SIGKILL
) -> Callable[[Tell], None]:
    """Return the work of a worker with all its threads, which ends when it is killed."""

    def live(tell: Tell) -> None:
        _leave_the_posture_alone()
        with recording(Recorder(tell, kill_at, number)):
            Loops().start()
            threading.Event().wait()

    return live


def _leave_the_posture_alone() -> None:
    """Let no loop look at it: the cluster of a scene has no gateway, which a look would block."""
    Cluster.objects.update(posture_at=database_now() + timedelta(days=1))


def revoker(scene: Scene) -> Callable[[Tell], None]:
    """Return the work of an admin who revokes all grants, and of a worker that confirms it."""

    def live(tell: Tell) -> None:
        began, pause = time.monotonic(), threading.Event()
        adam = Actor.of(Person.objects.get(username="adam"), "web")
        for grant in Grant.objects.filter(status__in=sorted(OPEN_GRANT_STATUSES)).order_by("pk"):
            revoke(grant=grant, actor=adam, reason="No longer needed.")
        tell({"revoked": time.monotonic() - began})
        while Grant.objects.filter(confirmed_at=None).exists():
            _try(STEPS["sweep"])
            pause.wait(EVERY)
        tell({"confirmed": time.monotonic() - began})

    return live


def heir(scene: Scene) -> Callable[[Tell], None]:
    """Return the work of the worker that comes after: until all is settled, then one search."""

    def live(tell: Tell) -> None:
        tell({"converged": work(scene)})
        left = unfinished(scene)
        found = convergence.full_sweep(Cluster.objects.get()) if not left else 0
        tell({"left": left, "drifted": found})

    return live


def heir_with_loops(scene: Scene) -> Callable[[Tell], None]:
    """Return the same for a worker with all its threads."""

    def live(tell: Tell) -> None:
        loops, began, pause = Loops(), time.monotonic(), threading.Event()
        _leave_the_posture_alone()
        loops.start()
        while (left := unfinished(scene)) and time.monotonic() - began < LONGEST:
            pause.wait(EVERY)
        tell({"converged": time.monotonic() - began})
        loops.stop()
        found = convergence.full_sweep(Cluster.objects.get()) if not left else 0
        tell({"left": left, "drifted": found})

    return live


def web(stage: Stage, kill_at: str | int | None) -> Callable[[Tell], None]:
    """Return the work of a web process that gets the calls of a scene, with idempotency keys.

    It tells each answer after the client has it whole.
    """

    def serve(tell: Tell) -> None:
        with override_settings(ALLOWED_HOSTS=["*"]), recording(Recorder(tell, kill_at)):
            for answer in call_all(stage):
                tell({"answer": answer})
        tell({"finished": True})

    return serve


def call_all(stage: Stage) -> Iterator[dict[str, Any]]:
    """Make all calls of a scene in order, and yield status and body of each answer."""
    client, answers = Client(raise_request_exception=False), list[dict[str, Any]]()
    for number, call in enumerate(stage.scene.calls):
        path = call.path.format(*(answer.get("id") for answer in answers))
        response = client.post(
            f"/api/v1/{path}",
            call.body,
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {stage.tokens[call.person]}",
                "Idempotency-Key": f"call-{number}",
            },
        )
        answers.append(response.json())
        yield {"status": response.status_code, "body": answers[-1]}


SETTINGS = {
    "LEASE_SECONDS": 4.0,
    "CALL_TIMEOUT_SECONDS": 1.5,
    "SWEEP_SECONDS": 0.2,
    "FULL_SWEEP_SECONDS": 4.0,
    "CONVERGE_THREADS": 1,
}
"""Seconds in crash runs: long enough that a busy machine loses no lease by itself."""


def scaled(**more: Any) -> Any:
    """Return the context in which the settings of crash runs hold."""
    return override_settings(**{**SETTINGS, **more})
