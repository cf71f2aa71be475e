"""Foreign objects that an approved request takes over: ours first, then theirs is deleted.

Two deliveries do it. The first writes what the grants need, as any other; only once all of them
are in force and on record, the next deletes the foreign object, by the uid and resourceVersion
that were decided. Whatever happens between leaves both, and the next delivery goes on. An object
that was changed since it was looked at is never deleted: the grants say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.domain.order import Direction, Step, Verb
from egress.domain.plan import Action, PlanItem
from egress.models import Adoption, DeliveryStep, Grant
from egress.selectors.bindings import adoption_digest_of, decision_digest_of
from egress.selectors.joins import with_clusters
from egress.services import audit
from egress.services.actor import Actor
from egress.services.adoption.judging import STALE, facts_of
from egress.services.adoption.listing import forget
from egress.services.audit import Entry, Tag
from egress.services.convergence.beside import Claims
from egress.services.convergence.live import kind_of_key, uid_of
from egress.services.convergence.names import keys_of
from egress.services.convergence.state import Problem
from egress.services.convergence.work import Work
from egress.services.convergence.writing import Tally

ACTOR = Actor.system("convergence")
_IN_FORCE = (GrantStatus.ACTIVE, GrantStatus.EXPIRING)
Outcome = Adoption.Outcome
AWAITS_GRANTS = Problem(
    "AwaitsAdoption",
    "The foreign object that this replaces is deleted as soon as all of its grants are in force.",
    quiet=True,
)


@dataclass(frozen=True)
class Adopted:
    """An object that may be deleted now: it is the very version that was decided on."""

    adoption: Adoption
    grants: tuple[Grant, ...]
    live: KubeObject


def look_at_adopted(claims: Claims, work: Work, gateway: ClusterGateway) -> list[Adopted]:
    """Return the foreign objects that grants of this slice take over, as they are now.

    They stand in nobody's way any more. What was changed since holds its grants back, unless
    they are in force already. Raises ClusterError and ClaimLostError.
    """
    found = []
    for adoption in _unsettled(work):
        grants = tuple(Grant.objects.filter(request=adoption.request_id).order_by("pk"))
        if not _is_as_decided(adoption):
            _hold(work, adoption, _tampered(adoption))
        elif adoption.outcome == Outcome.STALE:
            _hold(work, adoption, _stale(adoption))
        elif any(not grant.is_live for grant in grants):
            message = f"A grant in its place was ended before, so {adoption.key} was left alone."
            _settle(claims, adoption, Outcome.ABANDONED, message)
        else:
            key = adoption.key
            live = gateway.get(kind_of_key(key), key.namespace, key.name)
            if live is not None and _is_same(adoption, live):
                work.excused |= {adoption.uid}
                found.append(Adopted(adoption, grants, live))
            elif live is None:
                _settle(claims, adoption, *_how_it_went(adoption))
            else:
                _settle(claims, adoption, Outcome.STALE, _stale(adoption).message)
                _hold(work, adoption, _stale(adoption))
    return found


def add_adopted_deletions(work: Work, adopted: Iterable[Adopted]) -> None:
    """Delete what is adopted, after everything else, where all that replaces it is in force."""
    for one in adopted:
        adoption = one.adoption
        mine = [grant for grant in work.state.grants if grant.request_id == adoption.request_id]
        if not mine:
            continue
        if not all(map(_is_in_force, one.grants)) or not _is_settled(work, mine):
            work.waits.append(AWAITS_GRANTS)
            continue
        key = adoption.key
        last = max((step.rank for step in work.steps), default=0) + 1
        step = Step(
            Verb.DELETE,
            key,
            Direction.OUT,
            uid=adoption.uid,
            resource_version=adoption.resource_version,
            rank=last,
        )
        work.steps = [*work.steps, step]
        others = [item for item in work.plan.items if item.key != key]
        item = PlanItem(key, Action.DELETE, None, one.live)
        work.plan = replace(work.plan, items=(*others, item))


def settle_adopted(work: Work, tally: Tally, now: datetime) -> list[Entry]:
    """Store what came of deletions, in the caller's transaction. Returns the audit events."""
    entries = []
    for step in work.steps:
        if step.verb is not Verb.DELETE or not step.resource_version:
            continue
        rows = Adoption.objects.filter(
            cluster=work.state.cluster, uid=step.uid, outcome=Outcome.WAITING
        ).select_related("request", "cluster")
        for adoption in rows:
            if step.key in tally.stored:
                message = f"{adoption.key} was deleted; the grants of the request replace it."
                entries += _settled(adoption, Outcome.DELETED, message, now)
            elif problem := tally.problems.get(step.key):
                Adoption.objects.filter(pk=adoption.pk).update(message=problem.message[:1000])
    return entries


def _unsettled(work: Work) -> Sequence[Adoption]:
    """Return the adoptions that grants of the slice are part of: for most slices there are none."""
    rows = Adoption.objects.filter(
        cluster=work.state.cluster,
        outcome__in=[Outcome.WAITING, Outcome.STALE],
        request__status=RequestStatus.APPROVED,
    )
    requests = {grant.request_id for grant in (*work.state.grants, *work.state.ended)}
    # Numbers first: the objects are large, and most are those of other slices.
    asked = rows.values_list("pk", "request_id")
    mine = [pk for pk, request in asked if request in requests]
    found = with_clusters(Adoption.objects.filter(pk__in=mine), "cluster", "request__cluster")
    return list(found.order_by("pk")) if mine else []


def _is_as_decided(adoption: Adoption) -> bool:
    request = adoption.request
    return (
        bool(request.adopts_digest)
        and request.adopts_digest == adoption_digest_of(adoption)
        and request.decision_digest == decision_digest_of(request)
    )


def _is_same(adoption: Adoption, live: KubeObject) -> bool:
    version = str(live["metadata"].get("resourceVersion", ""))
    return (uid_of(live), version) == (adoption.uid, adoption.resource_version)


def _is_in_force(grant: Grant) -> bool:
    return grant.status in _IN_FORCE and grant.applied_at is not None and not grant.failed_reason


def _is_settled(work: Work, grants: Iterable[Grant]) -> bool:
    """Tell whether the cluster was just seen with all that grants need, and nothing is to do."""
    state, steps = work.state, {step.key for step in work.steps}
    for grant in grants:
        keys = keys_of(grant, state.profile, state.inventory)
        if grant.pk in state.problems or grant.namespace in work.left_out:
            return False
        if keys & (steps | work.held.keys()):
            return False
    return True


def _hold(work: Work, adoption: Adoption, problem: Problem) -> None:
    """Give nothing through grants that are not in force, and let all of them say why."""
    state = work.state
    for grant in state.grants:
        if grant.request_id != adoption.request_id:
            continue
        state.problems[grant.pk] = problem
        if grant.applied_at is not None:
            continue
        if state.is_host:
            work.leave_out(grant.namespace, problem)
        else:
            for key in keys_of(grant, state.profile, state.inventory):
                work.hold_in(key, problem)


def _stale(adoption: Adoption) -> Problem:
    message = (
        f"{adoption.key} was changed after its adoption was asked for, so it was left alone. "
        "Revoke this, look at the object again, and ask for its adoption anew."
    )
    return Problem(STALE, message, lasting=True)


def _tampered(adoption: Adoption) -> Problem:
    message = (
        f"The adoption of {adoption.key} is not what was decided: its row was changed past the "
        "portal. Nothing is deleted. Revoke this, and tell an admin."
    )
    return Problem("AdoptionTampered", message, lasting=True)


def _how_it_went(adoption: Adoption) -> tuple[Outcome, str]:
    """Return why an adopted object is gone: it was us, although nobody could record it, or not."""
    nothing_done = [DeliveryStep.Result.SKIPPED, DeliveryStep.Result.FAILED]
    ours = DeliveryStep.objects.filter(
        delivery__cluster=adoption.cluster, action=Verb.DELETE, uid=adoption.uid
    ).exclude(result__in=nothing_done)
    if ours.exists():
        return (
            Outcome.DELETED,
            f"{adoption.key} was deleted; the grants of the request replace it.",
        )
    return (
        Outcome.GONE,
        f"Somebody else deleted {adoption.key}; the grants replace it all the same.",
    )


def _settle(claims: Claims, adoption: Adoption, outcome: Outcome, message: str) -> None:
    with transaction.atomic():
        claims.own.lock()
        audit.record_all(_settled(adoption, outcome, message, None))


def _settled(
    adoption: Adoption, outcome: Outcome, message: str, now: datetime | None
) -> list[Entry]:
    claimed = Adoption.objects.filter(pk=adoption.pk, outcome=Outcome.WAITING).update(
        outcome=outcome, message=message, outcome_at=now or Now()
    )
    if not claimed:
        return []
    request = adoption.request
    is_over = outcome in (Outcome.DELETED, Outcome.GONE)
    if is_over:
        forget(adoption.cluster, adoption.uid)
    return [
        Entry(
            tag=Tag.ADOPTION_FINISHED if is_over else Tag.ADOPTION_STOPPED,
            actor=ACTOR,
            target="request",
            target_id=str(request.pk),
            cluster=adoption.cluster.name,
            namespace=adoption.namespace,
            message=message,
            data={
                **facts_of(adoption),
                "outcome": str(outcome),
                "decided_by": request.decided_by,
                "digest": request.decision_digest,
            },
        )
    ]
