"""Delegations: an approver lends their scopes to another person for a time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from egress.domain.wording import quoted
from egress.models import Delegation, Person
from egress.models.standing import Standing, standing_of
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.factors import require_factor

LONGEST = timedelta(days=60)


@transaction.atomic
def delegate(
    *,
    delegate: str,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    starts_at: datetime | None = None,
    lender: str = "",
) -> Delegation:
    """Let `delegate` decide in the place of `lender`, the actor unless given, for a time.

    Both are sign-in names. Approvers lend their own scopes; admins may arrange it for others, but
    not to themselves. Robots neither lend nor are lent to. Nothing is copied, so what the lender
    loses, the delegate loses too. Starts now unless `starts_at` is given, and lasts 60 days at
    most. Raises NotAllowed, Refused by field, and Conflict when the same is lent already.
    """
    audit.take_turn()
    standing, now = _standing(actor), timezone.now()
    # Lending lets somebody decide, so it takes what deciding takes.
    require_factor(standing)
    errors: dict[str, list[str]] = {}
    owner = _lender(lender or standing.username, standing, errors)
    person = _delegate(delegate, owner, standing, errors)
    start = max(starts_at or now, now)
    _check_times(start, ends_at, errors)
    why = texts.tidy(reason)
    if problem := texts.problem_of_text(why, what="The reason", limit=500):
        errors["reason"] = [problem]
    if errors or owner is None or person is None:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)
    _refuse_again(owner, person, start, ends_at)
    made = Delegation.objects.create(
        lender=owner,
        delegate=person,
        starts_at=start,
        ends_at=ends_at,
        reason=why,
        created_at=now,
    )
    said = f"Lent the scopes of {quoted(owner)} to {quoted(person)} until {ends_at:%Y-%m-%d %H:%M}"
    _record(Tag.DELEGATION_CREATED, made, actor, f"{said} UTC.")
    return made


def _standing(actor: Actor) -> Standing:
    standing = guards.standing_of_actor(actor)
    if standing.limits is not None:
        # What is lent is all that the lender may do, far beyond the limits.
        raise NotAllowed(
            "A token with limits lends nothing and ends no loan. Sign in to do it.",
            reason="TokenHasLimits",
        )
    return standing


def _lender(name: str, standing: Standing, errors: dict[str, list[str]]) -> Person | None:
    """Return who lends. Raises NotAllowed when that is not the actor's to arrange."""
    if name != standing.username and not standing.is_admin:
        raise NotAllowed(
            "Only admins lend the scopes of others. Ask one of them.", reason="NotAnAdmin"
        )
    found = Person.objects.filter(username=name.strip(), is_active=True).first()
    if found is None:
        errors["lender"] = [f"Nobody with an active account is called {quoted(name)}."]
    elif found.is_robot:
        errors["lender"] = [
            f"{quoted(found)} is a robot: robots never decide, so there is nothing to lend."
        ]
    elif all(scope.lender_id is not None for scope in standing_of(found).scopes):
        errors["lender"] = [
            f"{quoted(name)} is no approver, so there is nothing to lend. What was lent is not "
            "lent further."
        ]
        return None
    return found


def _delegate(
    name: str, owner: Person | None, standing: Standing, errors: dict[str, list[str]]
) -> Person | None:
    """Return who is lent to. Raises NotAllowed when an admin would lend to themselves."""
    person = Person.objects.filter(username=name.strip(), is_active=True).first()
    if person is None:
        errors["delegate"] = [f"Nobody with an active account is called {quoted(name)}."]
    elif person.is_robot:
        errors["delegate"] = [
            f"{quoted(person)} is a robot, and robots never decide. Name a person."
        ]
    elif owner is not None and person.pk == owner.pk:
        errors["delegate"] = ["Name somebody else: people decide by their own right already."]
    elif owner is not None and person.pk == standing.person_id:
        raise NotAllowed(
            "Nobody lends the scopes of others to themselves. Ask another admin.",
            reason="OwnDelegation",
        )
    return person


def _check_times(start: datetime, ends_at: datetime, errors: dict[str, list[str]]) -> None:
    if ends_at <= start:
        errors["ends_at"] = ["It has to end after it starts, and not in the past."]
    elif ends_at - start > LONGEST:
        errors["ends_at"] = [
            f"{LONGEST.days} days are the most. Give the role to somebody who decides for longer."
        ]


def _refuse_again(lender: Person, delegate: Person, start: datetime, end: datetime) -> None:
    same = Delegation.objects.filter(lender=lender, delegate=delegate, revoked_at=None)
    if same.filter(starts_at__lt=end, ends_at__gt=start).exists():
        raise Conflict(
            f"{quoted(lender)} lends to {quoted(delegate)} in that time already. Revoke that "
            "first.",
            reason="AlreadyLent",
        )


@transaction.atomic
def revoke_delegation(*, delegation: Delegation, actor: Actor) -> Delegation:
    """End a delegation at once; lender, delegate and admins may.

    Raises Missing for everybody else, NotAllowed for a token with limits, and Conflict when it
    ended already.
    """
    audit.take_turn()
    standing, now = _standing(actor), timezone.now()
    rows = Delegation.objects.select_related("lender", "delegate").filter(pk=delegation.pk)
    stored = rows.first()
    is_own = stored is not None and standing.person_id in (stored.lender_id, stored.delegate_id)
    if stored is None or not (standing.is_admin or is_own):
        raise Missing("There is no such delegation for you. Look at the list of yours.")
    if not is_own:
        require_factor(standing)
    open_ones = Delegation.objects.filter(pk=stored.pk, revoked_at=None, ends_at__gt=now)
    if not open_ones.update(revoked_at=now):
        raise Conflict("The delegation ended already.", reason="DelegationEnded")
    stored.revoked_at = now
    said = f"Ended what {quoted(stored.lender)} lent to {quoted(stored.delegate)}."
    _record(Tag.DELEGATION_REVOKED, stored, actor, said)
    return stored


def _record(tag: Tag, delegation: Delegation, actor: Actor, message: str) -> None:
    audit.record(
        tag=tag,
        actor=actor,
        target="delegation",
        target_id=delegation.pk,
        message=message,
        data={
            "lender": delegation.lender.username,
            "delegate": delegation.delegate.username,
            "starts_at": delegation.starts_at,
            "ends_at": delegation.ends_at,
            "reason": delegation.reason,
        },
    )
