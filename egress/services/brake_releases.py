"""An operator's override of the brake: an admin lets exactly what is held now go, once."""

from datetime import timedelta

from django.db import transaction

from egress.domain.wording import quoted
from egress.models import BrakeRelease, Cluster, Priority
from egress.selectors.brake import Held, held_of, told_of
from egress.services import audit, guards, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.convergence import brake, lease
from egress.services.convergence.clock import database_now
from egress.services.errors import Conflict
from egress.services.sign_in import before_deciding

LASTS = timedelta(hours=1)
"""So long what was released may go; after that it is held again."""
LONGEST_REASON = 500
_OBJECTS_TOLD = 200


def release(*, cluster: Cluster, digest: str, reason: str, actor: Actor) -> BrakeRelease:
    """Let the objects go that the brake holds in a cluster, as named by `digest`. Admins only.

    What is held more or different later is held again. Raises NotAllowed, Refused without a
    reason, Conflict when nothing is held or something else than the admin saw, and Unavailable
    when the admin's provider cannot be asked.
    """
    before_deciding(actor)
    with transaction.atomic():
        return _release(cluster, digest, reason, actor)


def _release(cluster: Cluster, digest: str, reason: str, actor: Actor) -> BrakeRelease:
    guards.require_admin(actor)
    why = guards.require_text(reason, field="reason", what="The reason", limit=LONGEST_REASON)
    seen = held_of(cluster)
    told = f"{actor.name} released {counted(len(seen))} from the brake: {why}"
    # Slices before the lock of the brake, and the audit trail last, as deliveries take them.
    outbox.mark_dirty(
        cluster=cluster,
        keys={one.slice.key for one in seen.removals},
        priority=Priority.REVOKE,
        cause=told,
    )
    lease.lock(brake.lock_name(cluster))
    held = held_of(cluster)
    _refuse_another(cluster, held, digest, seen)
    now = database_now()
    made = BrakeRelease.objects.create(
        cluster=cluster,
        digest=digest,
        objects_released=[told_of(one) for one in held.removals],
        reason=why,
        released_by=actor.name,
        created_at=now,
        until=now + LASTS,
    )
    names = [str(one) for one in held.removals]
    audit.record(
        tag=Tag.BRAKE_RELEASED,
        actor=actor,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=told,
        data={
            "release": made.pk,
            "digest": digest,
            "reason": why,
            "until": made.until,
            "objects": names[:_OBJECTS_TOLD],
            "more": max(0, len(names) - _OBJECTS_TOLD),
        },
    )
    # Whoever takes a role away holds the audit trail: now it is known whether it was this one.
    guards.require_admin(actor)
    return made


def counted(number: int) -> str:
    """Return how many objects, in words."""
    return f"{number} object{'' if number == 1 else 's'}"


def _refuse_another(cluster: Cluster, held: Held, digest: str, seen: Held) -> None:
    if not held.removals:
        raise Conflict(
            f"The brake holds nothing in cluster {quoted(cluster.name)} now. Reload the page.",
            reason="NothingHeld",
        )
    if held.digest != digest or seen.digest != digest:
        raise Conflict(
            f"What the brake holds in cluster {quoted(cluster.name)} has changed since you looked: "
            f"now it is {counted(len(held))}. Look at them again.",
            reason="HeldSetChanged",
        )
    active = BrakeRelease.objects.filter(cluster=cluster, digest=digest, until__gt=database_now())
    if earlier := active.filter(used_at=None).first():
        raise Conflict(
            f"{quoted(earlier.released_by)} released exactly these objects a moment ago. "
            "The next delivery takes them away.",
            reason="ReleasedAlready",
        )
