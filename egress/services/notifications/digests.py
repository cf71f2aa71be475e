"""The daily mail: what waits for it at its hour, once a day, and only when something does."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q

from egress.domain.notices import DEFAULT_DIGEST_HOUR
from egress.models import DigestTime, Notification, Outgoing, Person


def make_digests(now: datetime) -> int:
    """Put what waits into a mail for everybody whose hour has come; return how many mails."""
    waiting = Notification.objects.filter(in_digest=True).order_by()
    oldest = dict(waiting.values_list("person").annotate(Min("created_at")))
    people = Person.objects.filter(pk__in=oldest).select_related("digest_time").order_by("pk")
    latest = {person: _latest(person, now) for person in people}
    return sum(_make(one, at.date(), now) for one, at in latest.items() if oldest[one.pk] < at)


def _latest(person: Person, now: datetime) -> datetime:
    """Return when the person's hour came last: what was told after it waits for the next day."""
    own = getattr(person, "digest_time", None)
    hour = own.hour if own else DEFAULT_DIGEST_HOUR
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


@transaction.atomic
def _make(person: Person, day: date, now: datetime) -> bool:
    DigestTime.objects.get_or_create(person=person)
    free = DigestTime.objects.filter(Q(last_on=None) | Q(last_on__lt=day), person=person)
    if not free.update(last_on=day):
        return False
    waiting = Notification.objects.filter(person=person, in_digest=True)
    # What was read in the portal need not come by mail.
    waiting.exclude(read_at=None).update(in_digest=False)
    if not waiting.exists():
        return False
    row = Outgoing.objects.create(
        key=f"digest-{day:%Y%m%d}-{person.pk}", person=person, created_at=now, due_at=now
    )
    waiting.update(in_digest=False, outgoing=row)
    return True
