"""The end of a delivery: what came of it is stored in one transaction, and the slice given back."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from egress.domain.wording import listed
from egress.models import Delivery, DeliveryStep, Grant, Namespace, Priority
from egress.services import audit
from egress.services.audit import Entry, Tag
from egress.services.convergence import patience
from egress.services.convergence.adopting import settle_adopted
from egress.services.convergence.assignments import forget_unused
from egress.services.convergence.beside import Claims
from egress.services.convergence.claim import Again, Claim
from egress.services.convergence.clock import database_now, trusted
from egress.services.convergence.decisions import note_decisions
from egress.services.convergence.grants import activate, confirm_gone, mark_failed, note_aliases
from egress.services.convergence.names import alias_keys_of, keys_of
from egress.services.convergence.queue import delay_after
from egress.services.convergence.record import ACTOR, Announced, Result, finished_entry
from egress.services.convergence.sight import Sight
from egress.services.convergence.state import Problem
from egress.services.convergence.upgrading import is_anew
from egress.services.convergence.work import Work
from egress.services.convergence.writing import Tally


def close(claims: Claims, work: Work, tally: Tally, sight: Sight, announced: Announced) -> None:
    """Store everything that came of a delivery and give the slice back.

    Raises ClaimLostError when the slice is not ours any more: then nothing is stored.
    """
    state, claim = work.state, claims.own
    with transaction.atomic():
        _lock_in_order(work)
        claim.lock()
        now = database_now()
        failed = _failed_grants(work, tally, sight)
        applied = [grant for grant in state.grants if grant not in failed]
        entries = activate(grants=applied, now=trusted(now))
        entries += mark_failed(problems=failed)
        entries += note_aliases(grants=state.guests, problems=_failed_aliases(work, tally))
        if sight.is_final:
            entries += confirm_gone(
                grants=state.ended,
                keys=sight.keys,
                live=sight.live,
                rendered=state.rendered,
                now=now,
            )
        entries += _healed(claim, work, tally) + _braked(claim, work, tally)
        entries += settle_adopted(work, tally, now)
        note_decisions(work, tally)
        problem = _worst(work, tally, failed)
        if announced.delivery:
            told = problem or next(iter(_waits(tally, sight)), None)
            entries.append(_end(announced.delivery, announced.rows, told, now))
        _give_back(claim, work, tally, sight, problem, now)
        if state.is_host:
            forget_unused(state.cluster, state.host)
        audit.record_all(entries)


def _lock_in_order(work: Work) -> None:
    """Lock what will be changed as services do: namespace, grants, then the slice.

    Whoever revokes a grant locks it first and marks its slice afterwards. The other way round
    here, each would wait for the other.
    """
    if work.state.row:
        namespace = Namespace.objects.filter(pk=work.state.row.pk)
        list(namespace.select_for_update(no_key=True).values_list("pk"))
    state = work.state
    pks = [grant.pk for grant in [*state.grants, *state.guests, *state.ended]]
    grants = Grant.objects.filter(pk__in=pks).order_by("pk")
    list(grants.select_for_update(no_key=True).values_list("pk"))


def _failed_grants(work: Work, tally: Tally, sight: Sight) -> dict[Grant, Problem]:
    """Return the grants that are not in force, and why: what failed goes before what waits."""
    state, failed = work.state, dict[Grant, Problem]()
    for grant in state.grants:
        keys = keys_of(grant, state.profile, state.inventory)
        found = [state.problems.get(grant.pk), tally.left_out.get(grant.namespace)]
        found += [tally.problems.get(key) for key in sorted(keys)]
        found.append(sight.waiting.get(grant.pk))
        problems = [problem for problem in found if problem]
        if problems:
            failed[grant] = min(problems, key=lambda problem: problem.quiet)
    return failed


def _failed_aliases(work: Work, tally: Tally) -> dict[Grant, Problem]:
    failed = {}
    for grant in work.state.guests:
        problems = [tally.problems[k] for k in sorted(alias_keys_of(grant)) if k in tally.problems]
        if problems:
            failed[grant] = problems[0]
    return failed


def _worst(work: Work, tally: Tally, failed: dict[Grant, Problem]) -> Problem | None:
    """Return the problem to show for the slice: one that can still change, if there is one."""
    problems = [*tally.problems.values(), *tally.left_out.values(), *failed.values()]
    problems = [problem for problem in problems if not problem.quiet]
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
    waiting = _waits_to_confirm(claim, work, sight)
    waits = _waits(tally, sight)
    if problem and not problem.lasting:
        wait = delay_after(claim.row.attempts)
        if tally.trouble and tally.trouble.retry_after:
            wait = max(wait, tally.trouble.retry_after)
        if waiting and waiting.at and waiting.at > now:
            # One that is over explains no hurry: whatever failed would fail again at once.
            wait = min(wait, (waiting.at - now).total_seconds())
        if waits and not tally.trouble:
            # What is wrong with one namespace holds up nobody who only has to wait.
            wait = min(wait, patience.next_wait(claim.row.pk))
        claim.put_off(Again(problem.reason, problem.message, wait=wait, counts=not waits))
    elif waiting:
        claim.put_off(waiting)
    elif waits:
        wait = patience.next_wait(claim.row.pk)
        if claim.row.quiet_at and claim.row.quiet_at > now:
            wait = min(wait, (claim.row.quiet_at - now).total_seconds())
        claim.put_off(Again(waits[0].reason, waits[0].message, wait=wait, counts=False))
    else:
        patience.forget(claim.row.pk)
        claim.finish(*((problem.reason, problem.message) if problem else ()))


def _waits(tally: Tally, sight: Sight) -> list[Problem]:
    left_out = [problem for problem in tally.left_out.values() if problem.quiet]
    return [*tally.waits, *left_out, *sight.waiting.values()]


def _waits_to_confirm(claim: Claim, work: Work, sight: Sight) -> Again | None:
    if sight.is_final:
        left = Grant.objects.filter(
            pk__in=[grant.pk for grant in work.state.ended],
            confirmed_at=None,
        )
        pks = list(left.values_list("pk", flat=True))
        if not pks:
            return None
        there = {key for pk in pks for key in sight.keys.get(pk, ()) if key in sight.live}
        named = listed([str(key) for key in sorted(there)]) or "An object under our name"
        message = f"{named} still opens what was ended. It is looked at again."
        return Again("Unconfirmed", message, wait=delay_after(claim.row.attempts))
    message = "An earlier worker stopped half-way; what it had sent may still arrive."
    return Again("Settling", message, at=claim.row.quiet_at, counts=False)


def _end(
    delivery: Delivery, rows: Sequence[DeliveryStep], problem: Problem | None, now: datetime
) -> Entry:
    is_well = problem is None or problem.quiet
    # What was put off is no failure of what was done.
    is_done = is_well and all(row.result in (Result.WRITTEN, Result.SKIPPED) for row in rows)
    delivery.outcome = Delivery.Outcome.DONE if is_done else Delivery.Outcome.FAILED
    delivery.finished_at = now
    if problem:
        delivery.reason, delivery.message = problem.reason[:64], problem.message[:1000]
    delivery.save(update_fields=["outcome", "finished_at", "reason", "message"])
    return finished_entry(delivery, rows)


def _healed(claim: Claim, work: Work, tally: Tally) -> list[Entry]:
    is_drift = claim.row.priority == Priority.DRIFT and not is_anew(claim.row.cause)
    if not is_drift or not tally.written or tally.problems:
        return []
    return [
        Entry(
            tag=Tag.DRIFT_HEALED,
            actor=ACTOR,
            target="slice",
            target_id=str(claim.row.pk),
            cluster=work.state.cluster.name,
            namespace=work.state.namespace,
            host=work.state.host,
            message=f'"{work.state.key.name}" is as granted again. {claim.row.cause}',
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
            host=work.state.host,
            message=held[0].message,
        )
    ]
