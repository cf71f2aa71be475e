"""Carry out a plan: one write after the other, each checked before and recorded after."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.managed_fields import is_written_by_us_alone
from egress.domain.objects import ObjectKey
from egress.domain.order import Direction, Step, Verb
from egress.models import DeliveryStep, Priority
from egress.services import outbox
from egress.services.convergence import stopping
from egress.services.convergence.claim import Claim, ClaimLostError
from egress.services.convergence.live import kind_of_key, uid_of
from egress.services.convergence.preparing import Work
from egress.services.convergence.record import Result, hash_of, note
from egress.services.convergence.state import Problem

_SILENT = (Fault.UNREACHABLE, Fault.TIMEOUT, Fault.UNAUTHORIZED)
"""Faults after which the cluster is left in peace: every further call would end the same way."""


@dataclass
class Tally:
    """How far a plan was carried out.

    `trouble` is the failure that stopped what gives access. `is_unknown` tells that a write may
    still be on its way.
    """

    problems: dict[ObjectKey, Problem] = field(default_factory=dict)
    put_off: set[ObjectKey] = field(default_factory=set)
    written: int = 0
    is_unknown: bool = False
    trouble: ClusterError | None = None

    def why_skip(self, step: Step) -> str:
        """Return why a step is left out, empty when it may be done."""
        if needed := sorted(step.needs & self.problems.keys()):
            return f"It needs {needed[0]}, which was not done."
        if waiting := sorted(step.waits_for & self.put_off):
            return f"It waits for {waiting[0]}, which is tried again."
        if self.trouble and (step.direction is Direction.IN or self.trouble.fault in _SILENT):
            return "The cluster did not take an earlier write; this is tried again."
        return ""

    def fail(self, step: Step, error: ClusterError) -> None:
        """Take note of a failed write."""
        self.problems[step.key] = Problem(error.fault, error.message)
        self.is_unknown = self.is_unknown or error.outcome_unknown
        if error.retryable or error.outcome_unknown or error.fault in _SILENT:
            self.put_off.add(step.key)
            self.trouble = self.trouble or error


def carry_out(
    claim: Claim, work: Work, gateway: ClusterGateway, rows: Sequence[DeliveryStep]
) -> Tally:
    """Do all writes of `work` in their order.

    A write that takes access away is tried whatever happened before. One that gives access is
    left out when a write it needs failed, and after any failure that is the cluster's own.
    Raises ClaimLostError as soon as somebody else may have claimed the slice, and StoppedError
    when the process ends.
    """
    tally = Tally(problems=dict(work.held), trouble=work.trouble)
    last = {step.key: position for position, step in enumerate(work.steps)}
    for position, (step, row) in enumerate(zip(work.steps, rows, strict=True)):
        is_last = last[step.key] == position
        if why := tally.why_skip(step):
            tally.problems.setdefault(step.key, Problem("Waiting", why))
            tally.put_off.add(step.key)
            note(work.state.cluster, step, row, result=Result.SKIPPED, message=why)
            continue
        stopping.check()
        claim.check()
        _write(work, gateway, step, row, tally, is_last=is_last)
        if claim.is_superseded():
            _undo_later(work)
            raise ClaimLostError(str(claim))
    return tally


def _write(
    work: Work,
    gateway: ClusterGateway,
    step: Step,
    row: DeliveryStep,
    tally: Tally,
    *,
    is_last: bool,
) -> None:
    cluster = work.state.cluster
    try:
        stored = _send(gateway, step)
    except ClusterError as error:
        tally.fail(step, error)
        result = Result.UNKNOWN if error.outcome_unknown else Result.FAILED
        note(cluster, step, row, result=result, message=error.message, is_last=is_last)
        return
    tally.written += 1
    note(cluster, step, row, result=Result.WRITTEN, live=stored, is_last=is_last)


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


def _undo_later(work: Work) -> None:
    """Have the slice looked at once more: a write of ours landed after somebody else took over."""
    with transaction.atomic():
        outbox.mark_dirty(
            cluster=work.state.cluster,
            keys=[outbox.namespace_key(work.state.namespace)],
            priority=Priority.REVOKE,
            cause="a write landed after the slice was claimed by another worker",
        )
