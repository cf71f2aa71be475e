"""What people do with their notifications: read them, and choose how they get them."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from egress.domain.notices import ALWAYS_TOLD, KIND_WORDS, WAY_WORDS, Kind, Way
from egress.domain.wording import quoted
from egress.models import DigestTime, Notification, Preference
from egress.services import guards
from egress.services.actor import Actor
from egress.services.errors import Missing, Refused


def mark_read(*, pk: int, actor: Actor) -> Notification:
    """Mark one's own notification as read, and return it. Raises Missing for any other."""
    person = guards.person_of(actor)
    rows = Notification.objects.filter(pk=pk, person=person)
    rows.filter(read_at=None).update(read_at=timezone.now())
    told = rows.first()
    if told is None:
        raise Missing("There is no such notification among yours.")
    return told


def mark_all_read(*, actor: Actor, upto: int) -> int:
    """Mark one's own notifications up to the key `upto` as read; return how many were not.

    What came after the list was shown stays unread.
    """
    person = guards.person_of(actor)
    rows = Notification.objects.filter(person=person, read_at=None, pk__lte=upto)
    return rows.update(read_at=timezone.now())


@transaction.atomic
def choose(*, actor: Actor, ways: Mapping[str, str], digest_hour: int) -> None:
    """Store by which way the actor hears of each kind, and the hour (UTC) of the daily mail.

    Settles nobody's rights, so the audit trail does not hear of it. Raises NotAllowed, and
    Refused for a kind, a way or an hour that does not exist.
    """
    guards.standing_of_actor(actor)
    person = guards.person_of(actor)
    for kind, way in ways.items():
        if kind not in set(KIND_WORDS) or way not in set(WAY_WORDS):
            raise Refused(f"{quoted(kind)} by {quoted(way)} is no choice. Pick one of the list.")
        if kind in ALWAYS_TOLD:
            raise Refused(f"Nobody chooses how they hear of {quoted(kind)}: everybody is told.")
    if digest_hour not in range(24):
        raise Refused(
            "The hour is a number from 0 to 23.",
            fields={"digest_hour": ["Choose an hour from 0 to 23."]},
        )
    for kind, way in ways.items():
        Preference.objects.update_or_create(
            person=person, kind=Kind(kind), defaults={"way": Way(way)}
        )
    DigestTime.objects.update_or_create(person=person, defaults={"hour": digest_hour})
    kept = [kind for kind, way in ways.items() if way == Way.DIGEST]
    waiting = Notification.objects.filter(person=person, in_digest=True)
    waiting.exclude(kind__in=kept).update(in_digest=False)
