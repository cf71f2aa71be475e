"""P22: a thousand of one team's delay nobody else's, nor a revoke, nor do broken ones."""

import math
import random
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from egress.domain.lifecycle import GrantStatus
from egress.models import Grant, Namespace
from egress.sandbox.fault_rules import Match, Rule
from egress.sandbox.faults import refusal
from egress.services import convergence
from tests import factories as make
from tests.faults.grounds import broken_chain
from tests.faults.stage import Stage, stage
from tests.faults.suite import Outcome, Run, Suite
from tests.servers import wait_until

CROWD = {"full": 990, "small": 190}
OTHERS = 10
REVOKED = 5
POISON = 0.01
LATENCY = 0.01
THREADS = 4
SWEEP = 0.5
APPLIED_SECONDS = 300.0
REVOKE_SECONDS = 10.0
MEGABYTES = 512.0
TIMES_SLOWER = 2.0
TICK = 0.25
"""Seconds below which two times are not told apart: a sweep may just have begun, or just not."""


class Fairness(Suite):
    """A queue of one team's, ten of another's, revokes in the middle, some of it broken."""

    name = "fairness"
    promises = ("P22",)
    title = "1,000 queued (scaled from 10,000; API 10 ms, from 50): fair, revokes first, 1 % broken"
    target = CROWD["full"] + OTHERS
    database = "postgres"
    needs = ("PostgreSQL",)
    weight = 0.7
    limit = 900.0

    def cases(self) -> Sequence[str]:
        """Return the one long queue."""
        return ["full"]

    def sampled(self) -> Sequence[str]:
        """Return a shorter queue: a sample has no time for the long one."""
        return ["small"]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        yield run


FAIRNESS = Fairness()


def run(case: str, chance: random.Random) -> Outcome:
    """Time the others alone, then beside the crowd."""
    crowd = [f"crowd-{number:04}" for number in range(CROWD[case])]
    others, calm = _named("other"), _named("calm")
    with stage("shop", *crowd, *others, *calm, over_http=True, latency=LATENCY, timeout=10) as on:
        Namespace.objects.filter(name__in=others + calm).update(owner=make.team("team-other"))
        poisoned = chance.sample(crowd, max(1, int(len(crowd) * POISON)))
        queue = Queue(on)
        revoked = [on.world.approve(f"r{n}.example.com", "shop") for n in range(REVOKED)]
        with queue.worked_off():
            queue.until_applied(revoked)
            alone = _percentile(queue.seconds_of(queue.queued(calm)), 0.95)
            _poison(on, poisoned)
            waiting = queue.queued(crowd)
            beside = _percentile(queue.seconds_of(queue.queued(others)), 0.95)
            gone = [queue.seconds_until_confirmed(grant) for grant in revoked]
            healthy = [grant for grant in waiting if grant.namespace not in poisoned]
            queue.until_applied(healthy)
        wrong = _judge(queue, alone, beside, gone) + _lost(poisoned) + broken_chain()
    return Outcome(
        len(waiting) + OTHERS,
        wrong,
        {
            "others, times slower": round(beside / max(alone, TICK), 2),
            "revoke s": round(max(gone), 2),
            "RSS MB": round(_megabytes(), 1),
        },
    )


def _named(name: str) -> list[str]:
    return [f"{name}-{number}" for number in range(OTHERS)]


def _judge(queue: "Queue", alone: float, beside: float, gone: Sequence[float]) -> list[str]:
    wrong = list(queue.raised)
    if beside > TIMES_SLOWER * max(alone, TICK):
        wrong.append(f"The other team waited {beside:.1f} s, and {alone:.1f} s when alone.")
    if (slowest := _percentile(gone, 0.99)) > REVOKE_SECONDS:
        wrong.append(f"A revoke was confirmed after {slowest:.1f} s.")
    if (used := _megabytes()) > MEGABYTES:
        wrong.append(f"The process took {used:.0f} MB.")
    return wrong


def _lost(poisoned: Sequence[str]) -> list[str]:
    """Return whose grant is neither applied nor said to have failed."""
    left = Grant.objects.filter(status=GrantStatus.PENDING)
    wrong = [f"{one} is lost: it is pending." for one in left.exclude(namespace__in=poisoned)]
    silent = left.filter(namespace__in=poisoned, failed_reason="")
    return wrong + [f"{one} is broken, and does not say so." for one in silent]


def _poison(on: Stage, namespaces: Sequence[str]) -> None:
    """Let no entry ever be written in some namespaces."""
    broken = refusal(500, "InternalError", "The server has a bug here.")
    on.plan.set(
        *(
            Rule(Match(verb="create", namespace=name, dry_run=None, times=0), broken)
            for name in namespaces
        )
    )


@dataclass
class Queue:
    """What is due on a stage, and a worker that works it off."""

    on: Stage

    def __post_init__(self) -> None:
        self.raised: list[str] = []

    @contextmanager
    def worked_off(self) -> Iterator[None]:
        """Let a worker with some threads work until the end."""
        stop = threading.Event()

        def work() -> None:
            try:
                while not stop.is_set():
                    convergence.converge(worker="busy", threads=THREADS)
                    stop.wait(SWEEP)
            except Exception as error:
                self.raised.append(f"The worker broke: {type(error).__name__}: {error}"[:300])
            finally:
                connection.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(60)

    def queued(self, namespaces: Sequence[str]) -> list[Grant]:
        """Return a grant for each namespace, all of them due."""
        return [self.on.world.approve("api.example.com", name) for name in namespaces]

    def until_applied(self, grants: Sequence[Grant]) -> None:
        """Wait until all grants are in force."""
        found = Grant.objects.filter(pk__in=[grant.pk for grant in grants], applied_at=None)
        wait_until("every grant is applied", lambda: not found.exists(), APPLIED_SECONDS, 0.2)

    def seconds_of(self, grants: Sequence[Grant]) -> list[float]:
        """Return how long each grant took from its approval to its application."""
        self.until_applied(grants)
        rows = Grant.objects.filter(pk__in=[grant.pk for grant in grants])
        return [(g.applied_at - g.created_at).total_seconds() for g in rows if g.applied_at]

    def seconds_until_confirmed(self, grant: Grant) -> float:
        """Revoke a grant, and return how long it took to be seen gone."""
        began = time.monotonic()
        self.on.world.revoke(grant)
        row = Grant.objects.filter(pk=grant.pk, confirmed_at__isnull=False)
        wait_until(f"{grant} is seen gone", row.exists, 60, 0.02)
        return time.monotonic() - began


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
