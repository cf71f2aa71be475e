"""Carry out a plan: batch after batch, each write checked before and recorded after."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from django.db import transaction

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb, batches
from egress.domain.wording import listed
from egress.models import DeliveryStep, Priority
from egress.services import outbox
from egress.services.convergence import stopping, together
from egress.services.convergence.admitting import (
    AWAITS_ADDRESS,
    narrowed,
    not_ready,
    waits_for_namespace,
)
from egress.services.convergence.beside import Claims
from egress.services.convergence.claim import ClaimLostError
from egress.services.convergence.clock import steady
from egress.services.convergence.live import has_address, kind_of_key, uid_of
from egress.services.convergence.record import Result
from egress.services.convergence.results import Noted, amend, note
from egress.services.convergence.sending import send
from egress.services.convergence.state import Problem
from egress.services.convergence.work import Work

_SILENT = (Fault.UNREACHABLE, Fault.TIMEOUT, Fault.UNAUTHORIZED)
"""Faults after which the cluster is left in peace: every further call would end the same way."""

LOOK_SECONDS = 2.0
"""So long a dry run tells that nobody else has a name; after that it is looked at again."""


@dataclass
class Tally:
    """How far a plan was carried out.

    `left_out` are namespaces to which the host was not opened, and why; `waits` are reasons to
    look again although nothing failed. `trouble` is the failure that stopped what gives access.
    `unknown` are objects that a write may still be on its way to. `stored` are the objects as the
    cluster stored them.
    """

    problems: dict[ObjectKey, Problem] = field(default_factory=dict)
    left_out: dict[str, Problem] = field(default_factory=dict)
    waits: list[Problem] = field(default_factory=list)
    put_off: set[ObjectKey] = field(default_factory=set)
    written: int = 0
    unknown: set[ObjectKey] = field(default_factory=set)
    trouble: ClusterError | None = None
    stored: dict[ObjectKey, KubeObject | None] = field(default_factory=dict)

    def why_skip(self, step: Step) -> str:
        """Return why a step is left out, empty when it may be done."""
        if needed := sorted(step.needs & self.problems.keys()):
            return f"It needs {needed[0]}, which was not done."
        if waiting := sorted(step.waits_for & self.put_off):
            return f"It waits for {waiting[0]}, which is tried again."
        if self.trouble and (step.direction is Direction.IN or self.trouble.fault in _SILENT):
            return "The cluster did not take an earlier write; this is tried again."
        return ""

    def why_waiting(self, step: Step, why: str) -> Problem:
        """Return what is wrong with a step that is left out: nothing, if what it needs waits."""
        needed = [self.problems[key] for key in step.needs if key in self.problems]
        is_quiet = bool(needed) and all(problem.quiet for problem in needed)
        return Problem("Waiting", why, quiet=is_quiet)

    def wait(self, key: ObjectKey, problem: Problem) -> None:
        """Put an object off that nothing is wrong with."""
        self.problems.setdefault(key, problem)
        self.waits.append(problem)

    def fail(self, step: Step, error: ClusterError) -> None:
        """Take note of a failed write."""
        self.problems[step.key] = Problem(error.fault, error.message)
        if error.outcome_unknown:
            self.unknown.add(step.key)
        if error.retryable or error.outcome_unknown or error.fault in _SILENT:
            self.put_off.add(step.key)
            self.trouble = self.trouble or error


def carry_out(
    claims: Claims, work: Work, gateway: ClusterGateway, rows: Sequence[DeliveryStep]
) -> Tally:
    """Do all writes of `work` in their order, those of one batch side by side.

    A write that takes access away is tried whatever happened before. One that gives access is
    left out when a write it needs failed, and after any failure that is the cluster's own. What
    opens a host is done for those namespaces only that are led to the gateway by then. Raises
    ClaimLostError as soon as somebody else may have claimed the slice, and StoppedError when the
    process ends.
    """
    run = _Run(claims, work, gateway)
    last = {step.key: position for position, step in enumerate(work.steps)}
    for batch in batches(work.steps, together.width()):
        run.do([_Write(work.steps[n], rows[n], last[work.steps[n].key] == n) for n in batch])
    return run.tally


@dataclass(frozen=True)
class _Write:
    """One write, the row that tells of it, and whether no other to the same object follows."""

    step: Step
    row: DeliveryStep
    is_last: bool


class _Run:
    """One delivery's writes, batch by batch."""

    def __init__(self, claims: Claims, work: Work, gateway: ClusterGateway) -> None:
        self.claims, self.work, self.gateway = claims, work, gateway
        self.tally = Tally(
            problems=dict(work.held),
            left_out=dict(work.left_out),
            waits=list(work.waits),
            trouble=work.trouble,
        )
        self.results: list[Noted] = []

    def do(self, batch: Sequence[_Write]) -> None:
        """Do a batch of writes, or say why not.

        The claims are asked of the database once, right before the batch, and of the local clock
        right before each write. What was done is stored before anything else is.
        """
        stopping.check()
        ready = self._with_address([one for write in batch if (one := self._ready(write))])
        if ready:
            self.claims.check()
            ready = [write for write in ready if self._is_covered(write)]
        self._amend(ready, batch)
        sent = together.side_by_side([partial(self._send, write.step) for write in ready])
        for write, found in zip(ready, sent, strict=True):
            self._take_down(write, found)
        note(self.claims, self.work, self.results, self.tally.unknown)
        self.results.clear()
        for found in sent:
            if isinstance(found, Exception) and not isinstance(found, ClusterError):
                raise found
        if ready:
            self._look_for_heirs([write.step.key for write in ready])

    def _ready(self, write: _Write) -> _Write | None:
        """Return the write as it may be done now, None when it has to wait."""
        step, tally = write.step, self.tally
        if why := tally.why_skip(step):
            tally.problems.setdefault(step.key, tally.why_waiting(step, why))
            tally.put_off.add(step.key)
            self._skip(write, why)
            return None
        now = self.tally.stored.get(step.key, self.work.live.get(step.key))
        absent = not_ready(step, tally.problems.keys(), tally.left_out, now)
        for name in sorted(absent):
            tally.left_out.setdefault(name, waits_for_namespace(name))
        ready = narrowed(step, absent, now)
        if ready is None:
            self._skip(write, f"It waits for {listed(sorted(absent))}.")
            return None
        if not ready.uid and ready.verb is Verb.UPDATE:
            ready = replace(ready, uid=uid_of(now))
        return replace(write, step=ready)

    def _with_address(self, writes: list[_Write]) -> list[_Write]:
        """Leave out what has no address yet, read right before: earlier it may have been another.

        Raises ClusterError.
        """
        waiting = [write for write in writes if write.step.awaits_address]
        read = together.all_of([partial(self._has_address, write.step.key) for write in waiting])
        without = [write for write, is_given in zip(waiting, read, strict=True) if not is_given]
        for write in without:
            self.tally.wait(write.step.key, AWAITS_ADDRESS)
            self._skip(write, AWAITS_ADDRESS.message)
        return [write for write in writes if write not in without]

    def _has_address(self, key: ObjectKey) -> bool:
        return has_address(self.gateway.get(kind_of_key(key), key.namespace, key.name))

    def _amend(self, ready: Sequence[_Write], batch: Sequence[_Write]) -> None:
        announced = {id(write.row): write.step.obj for write in batch}
        changed = [w for w in ready if w.step.obj is not announced[id(w.row)]]
        if changed:
            amend(self.claims, self.work, [(write.step, write.row) for write in changed])

    def _is_covered(self, write: _Write) -> bool:
        key = write.step.key
        if self.claims.covers(key):
            return True
        problem = waits_for_namespace(self.claims.writers[key])
        self.tally.wait(key, problem)
        self._skip(write, problem.message)
        return False

    def _send(self, step: Step) -> KubeObject | None:
        return send(
            self.gateway,
            step,
            looked=partial(self._is_seen_free, step),
            check=partial(self.claims.require_time, step.key),
        )

    def _is_seen_free(self, step: Step) -> bool:
        tried = self.work.tried.get(step.key)
        is_new = tried is not None and steady() - tried < LOOK_SECONDS
        return step.verb is Verb.CREATE and is_new

    def _skip(self, write: _Write, why: str) -> None:
        self.results.append(Noted(write.step, write.row, Result.SKIPPED, message=why))

    def _take_down(self, write: _Write, found: KubeObject | Exception | None) -> None:
        """Take note of what came of a write; what ends the delivery is left as intended."""
        step, row = write.step, write.row
        if isinstance(found, ClusterError):
            self.tally.fail(step, found)
            if found.outcome_unknown:
                self.claims.expect_late_writes()
            result = Result.UNKNOWN if found.outcome_unknown else Result.FAILED
            self.results.append(
                Noted(step, row, result, message=found.message, is_last=write.is_last)
            )
        elif not isinstance(found, Exception):
            self.tally.written += 1
            self.tally.stored[step.key] = found
            self.results.append(Noted(step, row, Result.WRITTEN, found, is_last=write.is_last))

    def _look_for_heirs(self, keys: Sequence[ObjectKey]) -> None:
        """Have slices looked at once more that another worker claimed while we wrote to them.

        Raises ClaimLostError when it is the delivery's own.
        """
        lost = self.claims.superseded(keys)
        if not lost:
            return
        with transaction.atomic():
            outbox.mark_dirty(
                cluster=self.work.state.cluster,
                keys=lost,
                priority=Priority.REVOKE,
                cause="a write landed after the slice was claimed by another worker",
            )
        if self.claims.own.row.key in lost:
            raise ClaimLostError(str(self.claims.own))
        for key in keys:
            name = self.claims.writers.get(key, "")
            if name and self.claims.beside[name].row.key in lost:
                self.tally.wait(key, waits_for_namespace(name))
