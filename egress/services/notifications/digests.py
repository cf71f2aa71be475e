"""The daily mail: what waits for it, once a day, and only when something does."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from egress.domain.notices import DEFAULT_DIGEST_HOUR
from egress.models import DigestTime, Notification, Outgoing, Person


def make_digests(now: datetime) -> int:
    """Put what waits into a mail for everybody whose hour has come; return how many mails."""
    waiting = Notification.objects.filter(in_digest=True).values("person").distinct()
    people = Person.objects.filter(pk__in=waiting).select_related("digest_time").order_by("pk")
    return sum(_make(person, now) for person in people if _is_time(person, now))


def _is_time(person: Person, now: datetime) -> bool:
    """Tell whether the person's hour has come, and they had no daily mail today."""
    own = getattr(person, "digest_time", None)
    hour = own.hour if own else DEFAULT_DIGEST_HOUR
    return now.hour >= hour and (own is None or own.last_on is None or own.last_on < now.date())


@transaction.atomic
def _make(person: Person, now: datetime) -> bool:
    today = now.date()
    DigestTime.objects.get_or_create(person=person)
    free = DigestTime.objects.filter(Q(last_on=None) | Q(last_on__lt=today), person=person)
    if not free.update(last_on=today):
        return False
    waiting = Notification.objects.filter(person=person, in_digest=True)
    # What was read in the portal need not come by mail.
    waiting.exclude(read_at=None).update(in_digest=False)
    if not waiting.exists():
        return False
    row = Outgoing.objects.create(
        key=f"digest-{today:%Y%m%d}-{person.pk}", person=person, created_at=now, due_at=now
    )
    waiting.update(in_digest=False, outgoing=row)
    return True
