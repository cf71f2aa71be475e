"""Carry out a plan: one write after the other, each checked before and recorded after."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.managed_fields import is_written_by_us_alone
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb
from egress.domain.wording import listed
from egress.models import DeliveryStep, Priority
from egress.services import outbox
from egress.services.convergence import stopping
from egress.services.convergence.admitting import (
    AWAITS_ADDRESS,
    narrowed,
    not_ready,
    waits_for_namespace,
)
from egress.services.convergence.beside import Claims
from egress.services.convergence.claim import ClaimLostError
from egress.services.convergence.live import has_address, kind_of_key, uid_of
from egress.services.convergence.record import Result, amend, hash_of, note
from egress.services.convergence.state import Problem
from egress.services.convergence.work import Work

_SILENT = (Fault.UNREACHABLE, Fault.TIMEOUT, Fault.UNAUTHORIZED)
"""Faults after which the cluster is left in peace: every further call would end the same way."""


@dataclass
class Tally:
    """How far a plan was carried out.

    `left_out` are namespaces to which the host was not opened, and why; `waits` are reasons to
    look again although nothing failed. `trouble` is the failure that stopped what gives access.
    `is_unknown` tells that a write may still be on its way. `stored` are the objects as the
    cluster stored them.
    """

    problems: dict[ObjectKey, Problem] = field(default_factory=dict)
    left_out: dict[str, Problem] = field(default_factory=dict)
    waits: list[Problem] = field(default_factory=list)
    put_off: set[ObjectKey] = field(default_factory=set)
    written: int = 0
    is_unknown: bool = False
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
        self.is_unknown = self.is_unknown or error.outcome_unknown
        if error.retryable or error.outcome_unknown or error.fault in _SILENT:
            self.put_off.add(step.key)
            self.trouble = self.trouble or error


def carry_out(
    claims: Claims, work: Work, gateway: ClusterGateway, rows: Sequence[DeliveryStep]
) -> Tally:
    """Do all writes of `work` in their order.

    A write that takes access away is tried whatever happened before. One that gives access is
    left out when a write it needs failed, and after any failure that is the cluster's own. What
    opens a host is done for those namespaces only that are led to the gateway by then. Raises
    ClaimLostError as soon as somebody else may have claimed the slice, and StoppedError when the
    process ends.
    """
    run = _Run(claims, work, gateway)
    last = {step.key: position for position, step in enumerate(work.steps)}
    for position, (step, row) in enumerate(zip(work.steps, rows, strict=True)):
        run.do(step, row, is_last=last[step.key] == position)
    return run.tally


class _Run:
    """One delivery's writes, one after the other."""

    def __init__(self, claims: Claims, work: Work, gateway: ClusterGateway) -> None:
        self.claims, self.work, self.gateway = claims, work, gateway
        self.tally = Tally(
            problems=dict(work.held),
            left_out=dict(work.left_out),
            waits=list(work.waits),
            trouble=work.trouble,
        )

    def do(self, step: Step, row: DeliveryStep, *, is_last: bool) -> None:
        """Do one write, or say why not."""
        tally = self.tally
        if why := tally.why_skip(step):
            tally.problems.setdefault(step.key, tally.why_waiting(step, why))
            tally.put_off.add(step.key)
            self._skip(step, row, why)
            return
        stopping.check()
        ready = self._ready(step, row)
        if ready is None:
            return
        self.claims.check()
        if not self.claims.covers(step.key):
            problem = waits_for_namespace(self.claims.writers[step.key])
            tally.wait(step.key, problem)
            self._skip(step, row, problem.message)
            return
        self._write(ready, row, is_last=is_last)
        if lost := self.claims.superseded(step.key):
            self._undo_later(lost)
            tally.wait(step.key, waits_for_namespace(self.claims.writers[step.key]))

    def _ready(self, step: Step, row: DeliveryStep) -> Step | None:
        """Return the write as it may be done now, None when it has to wait."""
        tally = self.tally
        now = self._now(step.key)
        absent = not_ready(step, tally.problems.keys(), tally.left_out, now)
        for name in sorted(absent):
            tally.left_out.setdefault(name, waits_for_namespace(name))
        ready = narrowed(step, absent, now)
        if ready is None:
            self._skip(step, row, f"It waits for {listed(sorted(absent))}.")
            return None
        if step.awaits_address and not self._has_address(step):
            tally.wait(step.key, AWAITS_ADDRESS)
            self._skip(step, row, AWAITS_ADDRESS.message)
            return None
        if not ready.uid and ready.verb is Verb.UPDATE:
            ready = replace(ready, uid=uid_of(now))
        if ready.obj is not step.obj:
            with transaction.atomic():
                amend(self.claims, self.work, ready, row)
        return ready

    def _now(self, key: ObjectKey) -> KubeObject | None:
        return self.tally.stored.get(key, self.work.live.get(key))

    def _has_address(self, step: Step) -> bool:
        """Read the entry right before it is opened: what was read earlier may have changed."""
        key = step.key
        return has_address(self.gateway.get(kind_of_key(key), key.namespace, key.name))

    def _skip(self, step: Step, row: DeliveryStep, why: str) -> None:
        note(self.claims, self.work, step, row, result=Result.SKIPPED, message=why)

    def _write(self, step: Step, row: DeliveryStep, *, is_last: bool) -> None:
        try:
            stored = _send(self.gateway, step)
        except ClusterError as error:
            self.tally.fail(step, error)
            result = Result.UNKNOWN if error.outcome_unknown else Result.FAILED
            note(
                self.claims,
                self.work,
                step,
                row,
                result=result,
                message=error.message,
                is_last=is_last,
            )
            return
        self.tally.written += 1
        self.tally.stored[step.key] = stored
        note(
            self.claims,
            self.work,
            step,
            row,
            result=Result.WRITTEN,
            live=stored,
            is_last=is_last,
        )

    def _undo_later(self, slice_key: str) -> None:
        """Have a slice looked at once more: a write of ours landed after another claimed it.

        Raises ClaimLostError when it is the delivery's own.
        """
        with transaction.atomic():
            outbox.mark_dirty(
                cluster=self.work.state.cluster,
                keys=[slice_key],
                priority=Priority.REVOKE,
                cause="a write landed after the slice was claimed by another worker",
            )
        if slice_key == self.claims.own.row.key:
            raise ClaimLostError(str(self.claims.own))


def _send(gateway: ClusterGateway, step: Step) -> KubeObject | None:
    """Do one write; one whose answer was lost is looked up, and counts when it has happened."""
    try:
        return _call(gateway, step)
    except ClusterError as error:
        if not error.outcome_unknown:
            raise
        seen = _look(gateway, step, error)
        if not _has_happened(step, seen):
            # It may still be on its way, so the outcome stays unknown.
            raise
        return seen if step.obj else None


def _has_happened(step: Step, seen: KubeObject | None) -> bool:
    if step.verb is Verb.DELETE:
        return seen is None or uid_of(seen) != step.uid
    if seen is None or hash_of(seen) != hash_of(step.obj):
        return False
    return uid_of(seen) == step.uid if step.uid else is_written_by_us_alone(seen)


def _call(gateway: ClusterGateway, step: Step) -> KubeObject | None:
    key = step.key
    if step.verb is Verb.DELETE:
        gateway.delete(kind_of_key(key), key.namespace, key.name, uid=step.uid)
        return None
    if step.obj is None:
        raise ClusterError(f"There is nothing to write to {key}.", Fault.INVALID)
    if step.verb is Verb.CREATE:
        return gateway.create(step.obj)
    return gateway.update(step.obj, uid=step.uid)


def _look(gateway: ClusterGateway, step: Step, lost: ClusterError) -> KubeObject | None:
    key = step.key
    try:
        return gateway.get(kind_of_key(key), key.namespace, key.name)
    except ClusterError:
        # Still unknown: the intent stays on record, and the next delivery reads again.
        raise lost from None
