"""Sessions: on which devices somebody is signed in, and ending them."""

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from egress.models import Person, SignIn
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Missing
from egress.services.people.accounts import end_sessions


def note_session(
    *, person: Person, session_key: str, address: str, device: str, way: str
) -> SignIn:
    """Keep that a session began. `way` says how: `password`, or the id of a provider."""
    now = timezone.now()
    SignIn.objects.filter(session_key=session_key).delete()
    return SignIn.objects.create(
        person=person,
        session_key=session_key,
        address=address[:64],
        device="".join(one for one in device if one.isprintable())[:200],
        way=way[:64],
        began_at=now,
        used_at=now,
    )


def note_use(*, person: Person, session_key: str) -> None:
    """Keep that a session is used now."""
    SignIn.objects.filter(person=person, session_key=session_key).update(used_at=timezone.now())


def follow(*, person: Person, old_key: str, new_key: str) -> None:
    """Keep that a session goes on under another key."""
    SignIn.objects.filter(person=person, session_key=old_key).update(session_key=new_key)


@transaction.atomic
def end_session(*, sign_in: SignIn, actor: Actor) -> None:
    """End one session of the actor's own. Raises Missing when it is not theirs or has ended."""
    audit.take_turn()
    person = guards.person_of(actor)
    keys = SignIn.objects.filter(pk=sign_in.pk, person=person).values_list("session_key", flat=True)
    if not _end(list(keys)):
        raise Missing("That session has ended already. Look at the list again.")
    _record(actor, person, 1)


@transaction.atomic
def end_other_sessions(*, keep: str, actor: Actor) -> int:
    """End every session of the actor but the one with the key `keep`; return how many."""
    audit.take_turn()
    person = guards.person_of(actor)
    others = SignIn.objects.filter(person=person).exclude(session_key=keep)
    ended = _end(list(others.values_list("session_key", flat=True)))
    # Also those of which no sign-in is kept.
    ended += end_sessions(person, keep=keep)
    if ended:
        _record(actor, person, ended)
    return ended


def forget_ended() -> int:
    """Delete what is kept of sessions that are no more; return how many."""
    present = Session.objects.filter(expire_date__gte=timezone.now()).values("session_key")
    return SignIn.objects.exclude(session_key__in=present).delete()[0]


def _end(keys: list[str]) -> int:
    SignIn.objects.filter(session_key__in=keys).delete()
    return Session.objects.filter(session_key__in=keys).delete()[0]


def _record(actor: Actor, person: Person, ended: int) -> None:
    audit.record(
        tag=Tag.PERSON_SESSIONS_ENDED,
        actor=actor,
        target="person",
        target_id=person.pk,
        message=f"Ended {ended} of their sessions.",
        data={"sessions_ended": ended},
    )
