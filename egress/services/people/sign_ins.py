"""Signing in and out, on record.

What fails is for the log only: whoever has no account must not be able to fill the audit trail,
which is never emptied, or to hold it while others want to write.
"""

import structlog
from django.db import transaction

from egress.models import Person
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.guards import person_of

logger = structlog.get_logger(__name__)


def note_sign_in(*, actor: Actor) -> None:
    """Record that somebody signs in; nobody does without it. Raises Unavailable."""
    _record(Tag.PERSON_SIGNED_IN, actor, "Signed in.")


def note_sign_out(*, actor: Actor) -> None:
    """Record that somebody signs out. Raises Unavailable."""
    _record(Tag.PERSON_SIGNED_OUT, actor, "Signed out.")


def note_failed_sign_in(*, username: str) -> None:
    """Write to the log that somebody was not let in.

    An unknown user name is left out: people type passwords into the wrong box.
    """
    known = "\0" not in username and Person.objects.filter(username=username).exists()
    logger.warning("sign_in_failed", username=username if known else "", is_known=known)


@transaction.atomic
def _record(tag: Tag, actor: Actor, message: str) -> None:
    person = person_of(actor)
    audit.record(tag=tag, actor=actor, target="person", target_id=person.pk, message=message)
