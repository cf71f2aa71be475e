"""Grants: ending them, suspending and resuming them, and what time does to them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from egress import rules
from egress.domain.lifecycle import (
    LIVE_GRANT_STATUSES,
    OPEN_GRANT_STATUSES,
    GrantStatus,
    grant_sources,
)
from egress.domain.wording import quoted
from egress.models import Grant, Priority
from egress.models.standing import Standing
from egress.selectors.bindings import binding_of
from egress.services import audit, guards, outbox
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.errors import Conflict, NotAllowed
from egress.services.factors import lacks_factor
from egress.services.one_by_one import do_each
from egress.services.ownership import owned_of_grant
from egress.services.requests.openings import grant_entry, hold_subject
from egress.services.requests.recertified import ask_anew
from egress.services.resuming import (
    refuse_not_resumable,
    refuse_what_needs_a_request,
    require_right_to_resume,
)
from egress.services.sign_in import before_deciding, read_again

__all__ = [
    "binding_of",
    "end_all",
    "end_unanswered",
    "expire_due",
    "lapse_unapplied",
    "owned_to_revoke",
    "remind_due",
    "resume",
    "revoke",
    "revoke_by",
    "suspend",
]

EXPIRY = Actor.system("expiry")


def revoke(*, grant: Grant, actor: Actor, reason: str) -> Grant:
    """End a grant now. The subject's team, those who could approve it, and admins may.

    Raises Missing, NotAllowed, Refused without a reason, Conflict when it has ended already, and
    Unavailable when only its cluster could tell and does not answer.
    """
    owned = owned_to_revoke(grant, actor)
    with transaction.atomic():
        return revoke_by(
            standing=guards.standing_of_actor(actor, owned), grant=grant, actor=actor, reason=reason
        )


def owned_to_revoke(grant: Grant, actor: Actor) -> frozenset[int]:
    """Return the namespaces by which the actor may revoke, where only their cluster can tell.

    Call it outside of transactions. Raises like `owned_of_grant`.
    """
    standing = guards.standing_of_actor(actor)
    # Without the factor that their roles need they may only as the team.
    counts = standing.without_roles() if lacks_factor(standing) else standing
    return frozenset() if rules.may_revoke(counts, grant) else owned_of_grant(grant, actor)


def revoke_by(*, standing: Standing, grant: Grant, actor: Actor, reason: str) -> Grant:
    """End a grant in the caller's transaction, by a standing that was read in it; see `revoke`."""
    stored = guards.fresh_grant(grant.pk, standing)
    if not rules.may_revoke(standing, stored):
        raise NotAllowed(
            "Only the subject's team, its approvers and admins may revoke this grant. Ask one of "
            "them.",
            reason="NotTheTeam",
        )
    guards.require_factor_beyond_own(standing, lambda own: rules.may_revoke(own, stored))
    why = guards.require_text(reason, field="reason", what="The reason", limit=500)
    now = timezone.now()
    ended: dict[str, Any] = {"ended_at": now, "ended_by": actor.name, "end_reason": why}
    if not _move(stored, GrantStatus.REVOKED, **ended):
        status = guards.fresh_grant(grant.pk, standing).status
        raise Conflict(
            f"Grant #{stored.pk} is {quoted(status)} already, so there is nothing to revoke.",
            reason="GrantEnded",
        )
    _announce([stored], Tag.GRANT_REVOKED, actor, f"Revoked {stored}.", now)
    return guards.fresh_grant(grant.pk, standing)


def end_all(*, grants: Iterable[Grant], actor: Actor, reason: str, now: datetime) -> list[Entry]:
    """End those of the grants that are live, as revoking does; return the events, to be recorded.

    Part of a decision on all of them, whose transaction it is: nobody's right is asked here.
    """
    ended: dict[str, Any] = {"ended_at": now, "ended_by": actor.name, "end_reason": reason[:500]}
    moved = [grant for grant in grants if _move(grant, GrantStatus.REVOKED, **ended)]
    _make_due(moved, Priority.REVOKE, reason)
    return [grant_entry(Tag.GRANT_REVOKED, one, actor, f"Revoked {one}.", now) for one in moved]


def resume(*, grant: Grant, actor: Actor, reason: str) -> Grant:
    """Put a suspended grant back into force, for the subject as it is in the cluster now.

    That is a decision: an approver takes it, and never the one who asked for the grant. Raises
    Missing, NotAllowed, Refused when the subject is still gone, a policy blocks the access today
    or one approver's word is not enough for it, and Conflict when the grant is not suspended or
    its time is over, and Unavailable when somebody's right cannot be read.
    """
    before_deciding(actor)
    # What they may still ask for decides whether one approver's word is enough.
    read_again([grant.request.requester_id])
    with transaction.atomic():
        return _resume(grant, actor, reason)


def _resume(grant: Grant, actor: Actor, reason: str) -> Grant:
    standing = guards.standing_of_actor(actor)
    stored = guards.fresh_grant(grant.pk, standing)
    require_right_to_resume(standing, stored)
    why = guards.require_text(reason, field="reason", what="The reason", limit=500)
    pins = hold_subject(
        cluster_id=stored.cluster_id,
        namespace=stored.namespace,
        service_account=stored.service_account,
        uids=None,
    )
    now = timezone.now()
    refuse_not_resumable(stored, now)
    refuse_what_needs_a_request(stored, pins.namespace)
    stored.namespace_uid = pins.namespace.uid
    stored.service_account_uid = pins.account.uid if pins.account else ""
    stored.active_at = stored.active_at or now
    if stored.expires_at is None and stored.duration_days is not None:
        stored.expires_at = now + timedelta(days=stored.duration_days)
    changed: dict[str, Any] = {
        "namespace_uid": stored.namespace_uid,
        "service_account_uid": stored.service_account_uid,
        "binding": binding_of(stored),
        "active_at": stored.active_at,
        "expires_at": stored.expires_at,
        "applied_at": None,
        "end_reason": "",
    }
    ask_anew(stored.pk)
    if not _move(stored, GrantStatus.ACTIVE, sources=[GrantStatus.SUSPENDED], **changed):
        raise Conflict(f"Grant #{stored.pk} was changed meanwhile. Look again.")
    resumed = guards.fresh_grant(grant.pk, standing)
    _announce([resumed], Tag.GRANT_RESUMED, actor, f"Resumed {resumed}: {why}", now, Priority.GRANT)
    return resumed


@transaction.atomic
def suspend(*, grants: Iterable[Grant], reason: str, actor: Actor) -> int:
    """Take grants out of the cluster until somebody resumes them; return how many.

    For subjects that disappeared: only the portal itself asks for it. `reason` is a sentence.
    """
    now, moved = timezone.now(), []
    away: dict[str, Any] = {"end_reason": reason[:500], "applied_at": None}
    for grant in sorted(grants, key=lambda grant: grant.pk):
        ask_anew(grant.pk)
        if _move(grant, GrantStatus.SUSPENDED, sources=OPEN_GRANT_STATUSES, **away):
            moved.append(grant)
    _announce(moved, Tag.GRANT_SUSPENDED, actor, f"Suspended: {reason}", now)
    return len(moved)


def expire_due(*, now: datetime) -> int:
    """End every grant whose time is over at `now`; return how many."""
    over = Q(expires_at__lte=now, status__in=grant_sources(GrantStatus.EXPIRED))
    return _each(over, GrantStatus.EXPIRED, Tag.GRANT_EXPIRED, "Its time is over.", now)


def remind_due(*, now: datetime) -> int:
    """Mark every active grant that ends within the reminder window; return how many."""
    window = now + timedelta(days=settings.REMINDER_DAYS)
    soon = Q(expires_at__lte=window, status=GrantStatus.ACTIVE)
    return _each(soon, GrantStatus.EXPIRING, Tag.GRANT_EXPIRING, "It ends soon.", now)


def lapse_unapplied(*, now: datetime) -> int:
    """End every grant that could not be applied in time, or before its end; return how many.

    A cluster that comes back after a month opens nothing that was granted long ago.
    """
    since = now - timedelta(days=settings.GRANT_LAPSE_DAYS)
    late = Q(created_at__lte=since) | Q(expires_at__lte=now)
    late &= Q(active_at__isnull=True, status__in=grant_sources(GrantStatus.LAPSED))
    return _each(late, GrantStatus.LAPSED, Tag.GRANT_LAPSED, "It was not applied in time.", now)


def end_unanswered(*, pk: int, why: str, actor: Actor, now: datetime) -> bool:
    """End a grant in force whose recertification nobody answered, in the caller's transaction.

    `actor` is the part of the portal that does it, `why` a sentence. False when it is not in
    force any more.
    """
    in_force = Q(status__in=(GrantStatus.ACTIVE, GrantStatus.EXPIRING))
    return _time_moves(pk, in_force, GrantStatus.EXPIRED, Tag.GRANT_EXPIRED, why, now, actor)


def _each(due: Q, target: GrantStatus, tag: Tag, why: str, now: datetime) -> int:
    pks = list(Grant.objects.filter(due).order_by("pk").values_list("pk", flat=True))
    return do_each(pks, lambda pk: _time_moves(pk, due, target, tag, why, now))


@transaction.atomic
def _time_moves(
    pk: int,
    due: Q,
    target: GrantStatus,
    tag: Tag,
    why: str,
    now: datetime,
    actor: Actor = EXPIRY,
) -> bool:
    ends = target not in LIVE_GRANT_STATUSES
    fields: dict[str, Any] = {"status": target}
    if ends:
        fields |= {"ended_at": now, "ended_by": actor.name, "end_reason": why}
    # The same condition again: somebody may have renewed or revoked it meanwhile.
    if Grant.objects.filter(due, pk=pk).update(**fields) != 1:
        return False
    grant = Grant.objects.select_related("cluster").get(pk=pk)
    _announce([grant], tag, actor, f"{grant}: {why}", now, Priority.REVOKE if ends else None)
    return True


def _move(
    grant: Grant,
    target: GrantStatus,
    *,
    sources: Iterable[GrantStatus] | None = None,
    **fields: Any,
) -> bool:
    """Claim the grant for its next status. False when it is in none of `sources` any more."""
    allowed = grant_sources(target) if sources is None else frozenset(sources)
    claimed = Grant.objects.filter(pk=grant.pk, status__in=allowed)
    if claimed.update(status=target, **fields) != 1:
        return False
    grant.status = target
    return True


def _announce(
    grants: list[Grant],
    tag: Tag,
    actor: Actor,
    message: str,
    now: datetime,
    priority: Priority | None = Priority.REVOKE,
) -> None:
    """Make the touched slices due, unless `priority` is None, and record an event per grant."""
    if priority is not None:
        _make_due(grants, priority, f"{message} ({actor.name})" if len(grants) == 1 else message)
    audit.record_all([grant_entry(tag, grant, actor, message, now) for grant in grants])


def _make_due(grants: list[Grant], priority: Priority, cause: str) -> None:
    for cluster in {grant.cluster for grant in grants}:
        outbox.mark_grants(
            cluster=cluster,
            grants=[grant for grant in grants if grant.cluster == cluster],
            priority=priority,
            cause=cause,
        )
