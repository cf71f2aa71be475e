"""Sessions that somebody left open."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from egress.models import Person, SignIn

MOST = 100
"""How many are listed: nobody has that many devices."""


def sign_ins_of(person: Person) -> QuerySet[SignIn]:
    """Return the sessions of the person that go on, the one used last first."""
    going_on = Session.objects.filter(expire_date__gte=timezone.now()).values("session_key")
    return person.sign_ins.filter(session_key__in=going_on)
