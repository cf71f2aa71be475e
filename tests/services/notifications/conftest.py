"""People who have mail addresses, a mail server that keeps what it gets, and no old events."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group
from pytest_django import Settings

from egress.models import AuditHead, NotificationCursor, Person
from tests.services.listening import hook

__all__ = ["hook"]


@pytest.fixture(autouse=True)
def _from_now_on(db: None, settings: Settings) -> None:
    settings.MAIL_ENABLED = True
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    settings.PUBLIC_URL = "https://egress.example.com/"
    head = AuditHead.objects.values_list("sequence", flat=True).first() or 0
    NotificationCursor.objects.update_or_create(pk=1, defaults={"sequence": head})


@pytest.fixture
def team_mate(owner: Person) -> Person:
    """A developer of the owner's team, who decides nothing."""
    made = Person.objects.create_user("marge", email="marge@example.com")
    made.groups.set(Group.objects.filter(name="team-shop"))
    return made


def with_mail(person: Person) -> Person:
    """Give somebody a mail address."""
    person.email = f"{person.username}@example.com"
    person.save(update_fields=["email"])
    return person
