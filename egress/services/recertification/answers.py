"""What people answer when they are asked whether a grant is still needed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from egress import rules
from egress.domain.recertification import Outcome
from egress.domain.wording import quoted
from egress.models import Grant, Recertification
from egress.models.recertification import WAITING
from egress.models.standing import Standing
from egress.selectors.recertification import IN_FORCE
from egress.services import audit, grants, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, NotAllowed
from egress.services.ownership import owned_of_grant
from egress.services.recertification.telling import entry
from egress.services.sign_in import before_asking

DROPPED = "Dropped at its recertification."


def confirm(*, grant: Grant, actor: Actor, reason: str = "") -> Grant:
    """Say that a grant is still needed: it goes on for another cycle. Its owners may.

    What the actor's provider and the cluster say of them is asked first. Raises Missing; NotAllowed
    for everybody who may not ask for its subject, approvers, admins and robots included; Refused;
    Conflict when nobody is asked about it now, and Unavailable when nobody can tell whose it is.
    """
    before_asking(actor)
    owned = owned_of_grant(grant, actor)
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        stored = guards.fresh_grant(grant.pk, standing)
        _require_right_to_confirm(standing, stored)
        note = guards.require_text(
            reason, field="reason", what="The reason", limit=500, required=False
        )
        now = timezone.now()
        due_at = now + timedelta(days=stored.cluster.recertify_days)
        _confirm(stored, actor, note, now, due_at)
        message = f"Confirmed that {stored} is still needed."
        tag = Tag.RECERTIFICATION_CONFIRMED
        audit.record_all([entry(tag, stored, message, now, due_at=due_at, actor=actor, note=note)])
        return stored


def _require_right_to_confirm(standing: Standing, grant: Grant) -> None:
    if rules.may_confirm(standing, grant):
        return
    why = (
        "Robots do not confirm grants. Ask a person who owns the namespace."
        if standing.is_robot
        else f"Only owners of namespace {quoted(grant.namespace)} may confirm this. Ask one of "
        "them."
    )
    raise NotAllowed(why, reason="NotTheOwner")


def _confirm(grant: Grant, actor: Actor, note: str, now: datetime, due_at: datetime) -> None:
    answered = {
        "announced_at": None,
        "reminded_at": None,
        "confirmed_at": now,
        "confirmed_by": actor.name,
        "note": note,
        "cycle_days": grant.cluster.recertify_days,
        "due_at": due_at,
    }
    waiting = Recertification.objects.filter(WAITING, grant=grant.pk)
    _refuse_not_asked(grant, is_asked=waiting.update(**answered) == 1)


def drop(*, grant: Grant, actor: Actor, note: str = "") -> Grant:
    """Say that a grant is not needed any more: it ends at once. Whoever may revoke it may.

    Raises like `services.grants.revoke`, NotAllowed for robots, and Conflict when nobody is asked
    about it now.
    """
    before_asking(actor)
    owned = grants.owned_to_revoke(grant, actor)
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        stored = guards.fresh_grant(grant.pk, standing)
        if standing.is_robot:
            raise NotAllowed(
                "Robots do not answer whether a grant is needed. Ask a person.", reason="IsARobot"
            )
        said = guards.require_text(note, field="note", what="The note", limit=450, required=False)
        # The same order of locks as when time ends it: this row, then the grant.
        waiting = Recertification.objects.filter(WAITING, grant=stored.pk)
        closed = waiting.update(closed_at=timezone.now(), outcome=Outcome.DROPPED)
        _refuse_not_asked(stored, is_asked=closed == 1)
        reason = f"{DROPPED} {said}".strip()
        return grants.revoke_by(standing=standing, grant=stored, actor=actor, reason=reason)


def _refuse_not_asked(grant: Grant, *, is_asked: bool) -> None:
    # Read after the row was locked: it may have been ended while this waited.
    status = Grant.objects.values_list("status", flat=True).get(pk=grant.pk)
    if status not in IN_FORCE:
        raise Conflict(
            f"Grant #{grant.pk} is {quoted(status)}, so there is nothing to answer.",
            reason="GrantEnded",
        )
    if not is_asked or not grant.cluster.recertify_days:
        raise Conflict(
            f"Nobody is asked about grant #{grant.pk} now: it was answered already, or is not due.",
            reason="NotAsked",
        )
