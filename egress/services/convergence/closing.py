"""The end of a delivery: what came of it is stored in one transaction, and the slice given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import SIDECAR_NAME
from egress.domain.objects import ObjectKey
from egress.domain.plan import Action
from egress.models import Delivery, DeliveryStep, Grant, Namespace, Priority, Slice
from egress.services import audit
from egress.services.audit import Entry, Tag
from egress.services.convergence.claim import Again, Claim
from egress.services.convergence.clock import database_now
from egress.services.convergence.grants import activate, confirm_gone, mark_failed
from egress.services.convergence.live import read_keys
from egress.services.convergence.preparing import Work
from egress.services.convergence.queue import delay_after
from egress.services.convergence.record import ACTOR, Announced, Result, finished_entry
from egress.services.convergence.state import Problem, keys_of
from egress.services.convergence.writing import Tally


@dataclass(frozen=True)
class Sight:
    """What was read after the last write. `is_final` tells that no abandoned write can follow."""

    live: dict[ObjectKey, KubeObject]
    is_final: bool


def look_again(claim: Claim, work: Work, gateway: ClusterGateway, tally: Tally) -> Sight:
    """Read what ended grants left behind, object by object and by name. Raises ClusterError."""
    quiet_at = claim.row.quiet_at
    is_final = (quiet_at is None or database_now() >= quiet_at) and not tally.is_unknown
    keys = {key for grant in work.state.ended for key in keys_of(grant)}
    return Sight(read_keys(gateway, keys), is_final)


def close(claim: Claim, work: Work, tally: Tally, sight: Sight, announced: Announced) -> None:
    """Store everything that came of a delivery and give the slice back.

    Raises ClaimLostError when the slice is not ours any more: then nothing is stored.
    """
    state = work.state
    with transaction.atomic():
        _lock_in_order(work)
        claim.lock()
        now = database_now()
        failed = _failed_grants(work, tally)
        applied = [grant for grant in state.grants if grant not in failed]
        entries = activate(grants=applied, now=now)
        entries += mark_failed(problems=failed)
        if sight.is_final:
            entries += confirm_gone(
                grants=state.ended, live=sight.live, open_grants=applied, now=now
            )
        entries += _healed(claim, work, tally) + _braked(claim, work, tally)
        _note_default_deny(work, tally)
        problem = _worst(work, tally, failed)
        if announced.delivery:
            entries.append(_end(announced.delivery, announced.rows, problem, now))
        _give_back(claim, work, tally, sight, problem, now)
        audit.record_all(entries)


def _lock_in_order(work: Work) -> None:
    """Lock what will be changed as services do: namespace, grants, then the slice.

    Whoever revokes a grant locks it first and marks its slice afterwards. The other way round
    here, each would wait for the other.
    """
    if work.state.row:
        namespace = Namespace.objects.filter(pk=work.state.row.pk)
        list(namespace.select_for_update(no_key=True).values_list("pk"))
    pks = [grant.pk for grant in [*work.state.grants, *work.state.ended]]
    grants = Grant.objects.filter(pk__in=pks).order_by("pk")
    list(grants.select_for_update(no_key=True).values_list("pk"))


def _failed_grants(work: Work, tally: Tally) -> dict[Grant, Problem]:
    failed: dict[Grant, Problem] = {}
    for grant in work.state.grants:
        problem = work.state.problems.get(grant.pk)
        for key in keys_of(grant):
            problem = problem or tally.problems.get(key)
        if problem:
            failed[grant] = problem
    return failed


def _worst(work: Work, tally: Tally, failed: dict[Grant, Problem]) -> Problem | None:
    """Return the problem to show for the slice: one that can still change, if there is one."""
    problems = [*tally.problems.values(), *failed.values()]
    if tally.trouble:
        problems.insert(0, Problem(tally.trouble.fault, tally.trouble.message))
    return min(problems, key=lambda problem: problem.lasting, default=None)


def _give_back(
    claim: Claim,
    work: Work,
    tally: Tally,
    sight: Sight,
    problem: Problem | None,
    now: datetime,
) -> None:
    if tally.is_unknown:
        quiet_at = now + timedelta(seconds=settings.CALL_TIMEOUT_SECONDS)
        Slice.objects.filter(pk=claim.row.pk).update(quiet_at=quiet_at)
    waiting = _waits_to_confirm(claim, work, sight)
    if problem and not problem.lasting:
        wait = delay_after(claim.row.attempts)
        if tally.trouble and tally.trouble.retry_after:
            wait = max(wait, tally.trouble.retry_after)
        if waiting and waiting.at:
            wait = min(wait, max(0.0, (waiting.at - now).total_seconds()))
        claim.put_off(Again(problem.reason, problem.message, wait=wait))
    elif waiting:
        claim.put_off(waiting)
    elif problem:
        claim.finish(problem.reason, problem.message)
    else:
        claim.finish()


def _waits_to_confirm(claim: Claim, work: Work, sight: Sight) -> Again | None:
    if sight.is_final:
        left = Grant.objects.filter(
            pk__in=[grant.pk for grant in work.state.ended],
            confirmed_at=None,
        )
        if not left.exists():
            return None
        message = "An object under our name still opens what was ended. It is looked at again."
        return Again("Unconfirmed", message, wait=delay_after(claim.row.attempts))
    message = "An earlier worker stopped half-way; what it had sent may still arrive."
    return Again("Settling", message, at=claim.row.quiet_at, counts=False)


def _end(
    delivery: Delivery, rows: Sequence[DeliveryStep], problem: Problem | None, now: datetime
) -> Entry:
    is_done = all(row.result == Result.WRITTEN for row in rows) and problem is None
    delivery.outcome = Delivery.Outcome.DONE if is_done else Delivery.Outcome.FAILED
    delivery.finished_at = now
    if problem:
        delivery.reason, delivery.message = problem.reason[:64], problem.message[:1000]
    delivery.save(update_fields=["outcome", "finished_at", "reason", "message"])
    return finished_entry(delivery, rows)


def _healed(claim: Claim, work: Work, tally: Tally) -> list[Entry]:
    if claim.row.priority != Priority.DRIFT or not tally.written or tally.problems:
        return []
    return [
        Entry(
            tag=Tag.DRIFT_HEALED,
            actor=ACTOR,
            target="slice",
            target_id=str(claim.row.pk),
            cluster=work.state.cluster.name,
            namespace=work.state.namespace,
            message=f'Namespace "{work.state.namespace}" is as granted again. {claim.row.cause}',
        )
    ]


def _braked(claim: Claim, work: Work, tally: Tally) -> list[Entry]:
    held = [problem for problem in tally.problems.values() if problem.reason == "Brake"]
    if not held or claim.row.problem_reason == "Brake":
        return []
    return [
        Entry(
            tag=Tag.SWEEP_BRAKED,
            actor=ACTOR,
            target="slice",
            target_id=str(claim.row.pk),
            cluster=work.state.cluster.name,
            namespace=work.state.namespace,
            message=held[0].message,
        )
    ]


def _note_default_deny(work: Work, tally: Tally) -> None:
    key = ObjectKey(NETWORKING_V1, "Sidecar", work.state.namespace, SIDECAR_NAME)
    item = next((item for item in work.plan.items if item.key == key), None)
    is_done = key not in tally.problems
    enforced = False
    if item and item.action in (Action.CREATE, Action.UPDATE):
        enforced = is_done
    elif item:
        enforced = item.action is Action.UNCHANGED or (item.action is Action.DELETE and not is_done)
    if work.state.row:
        Namespace.objects.filter(pk=work.state.row.pk).exclude(
            default_deny_enforced=enforced
        ).update(default_deny_enforced=enforced)
