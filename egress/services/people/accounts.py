"""Accounts: who may sign in."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from egress.domain.wording import quoted
from egress.models import ApiToken, Cluster, Person, ProviderAccount
from egress.models.standing import Standing
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, Refused
from egress.services.factors import require_factor
from egress.services.people.last_admin import refuse_without_admin

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@.+_-]{0,149}")


@transaction.atomic
def create_person(
    *,
    username: str,
    password: str | None,
    actor: Actor,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    teams: Iterable[Group] = (),
) -> Person:
    """Create somebody; admins may. Without a password they cannot sign in until one is set.

    Raises NotAllowed, Refused by field, and Conflict when the user name is taken.
    """
    guards.require_admin(actor)
    made = Person(username=username.strip())
    _describe(made, first_name, last_name, email)
    _accept_password(made, password)
    audit.take_turn()
    # In whatever case: "Alice" is not to be mistaken for "alice".
    if Person.objects.filter(username__iexact=made.username).exists():
        raise Conflict(
            f"The user name {quoted(username)} is taken. Choose another one.", reason="NameTaken"
        )
    made.save()
    members = sorted(team.name for team in teams)
    made.groups.set(Group.objects.filter(name__in=members))
    _record(Tag.PERSON_CREATED, actor, made, f"Created {quoted(made)}.", {"teams": members})
    return made


@transaction.atomic
def change_person(
    *, person: Person, actor: Actor, first_name: str, last_name: str, email: str
) -> Person:
    """Change what is known of somebody; admins may, and people themselves.

    Raises NotAllowed, Missing and Refused by field.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    if standing.person_id != person.pk:
        guards.require_admin(actor, "change other people")
    stored = _fresh(person)
    before = _facts(stored)
    _describe(stored, first_name, last_name, email)
    if stored.email != before["email"] and _is_a_name_at_clusters():
        _require_admin_to_rename(standing)
    stored.save(update_fields=["first_name", "last_name", "email"])
    data = {"before": before, "after": _facts(stored)}
    _record(Tag.PERSON_CHANGED, actor, stored, f"Changed {quoted(stored)}.", data)
    return stored


@transaction.atomic
def set_password(*, person: Person, password: str, actor: Actor) -> Person:
    """Set somebody's password, which ends their sessions; admins may, and people themselves.

    Raises NotAllowed, Missing, and Refused when the password is too weak, or when the person
    signs in by a provider, which has to say each time that they may.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    if standing.person_id != person.pk:
        guards.require_admin(actor, "set others' passwords")
    stored = _fresh(person)
    _refuse_of_provider(stored)
    if stored.is_robot:
        raise Refused(
            f"{quoted(stored)} is a robot: it calls by token and never signs in.",
            reason="IsRobot",
        )
    _accept_password(stored, password)
    stored.save(update_fields=["password"])
    ended = end_sessions(stored)
    message = f"Set the password of {quoted(stored)}."
    _record(Tag.PERSON_PASSWORD_SET, actor, stored, message, {"sessions_ended": ended})
    return stored


@transaction.atomic
def deactivate(*, person: Person, actor: Actor, reason: str = "") -> Person:
    """Close an account: its sessions and API tokens end at once; admins may.

    Raises NotAllowed, Missing, Conflict when it is closed already, and Refused for the last
    active admin.
    """
    audit.take_turn()
    guards.require_admin(actor)
    why = guards.require_text(reason, field="reason", what="The reason", limit=500, required=False)
    stored = _fresh(person)
    if not Person.objects.filter(pk=stored.pk, is_active=True).update(is_active=False):
        raise Conflict(f"The account of {quoted(stored)} is closed already.", reason="NotActive")
    refuse_without_admin()
    now = timezone.now()
    tokens = ApiToken.objects.filter(owner=stored, revoked_at__isnull=True).update(revoked_at=now)
    data = {"reason": why, "sessions_ended": end_sessions(stored), "tokens_revoked": tokens}
    message = f"Closed the account of {quoted(stored)}."
    _record(Tag.PERSON_DEACTIVATED, actor, stored, message, data)
    stored.is_active = False
    return stored


@transaction.atomic
def reactivate(*, person: Person, actor: Actor) -> Person:
    """Open a closed account again; admins may. Raises NotAllowed, Missing and Conflict."""
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(person)
    if not Person.objects.filter(pk=stored.pk, is_active=False).update(is_active=True):
        raise Conflict(f"The account of {quoted(stored)} is open.", reason="IsActive")
    stored.is_active = True
    _record(Tag.PERSON_CHANGED, actor, stored, f"Opened the account of {quoted(stored)} again.", {})
    return stored


def end_sessions(person: Person, *, keep: str = "") -> int:
    """End every session of somebody but the one with the key `keep`; return how many."""
    theirs = [
        session.pk
        for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator()
        if session.pk != keep and session.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def _fresh(person: Person) -> Person:
    stored = Person.objects.filter(pk=person.pk).first()
    if stored is None:
        raise Missing("There is no such person. Look at the list of people.")
    return stored


def _is_a_name_at_clusters() -> bool:
    """Tell whether clusters know people by their address, which says what they own there."""
    by_email = {"owner_by_review": True, "review_user": Cluster.ReviewUser.EMAIL}
    return Cluster.objects.filter(**by_email).exists()


def _require_admin_to_rename(standing: Standing) -> None:
    if not standing.is_admin:
        problem = "Clusters know you by your e-mail address, so only an admin may change it."
        raise Refused(problem, reason="EmailIsAName", fields={"email": [problem]})
    require_factor(standing)


def _refuse_of_provider(person: Person) -> None:
    account = ProviderAccount.objects.filter(person=person).first()
    if account is not None:
        said = f"{quoted(person)} signs in by {quoted(account.provider)}, so a password is no use."
        raise Refused(said, reason="SignsInByProvider", fields={"password": [said]})


def _describe(person: Person, first_name: str, last_name: str, email: str) -> None:
    errors: dict[str, list[str]] = {}
    if not USERNAME.fullmatch(person.username):
        errors["username"] = [
            f"{quoted(person.username)} is no user name. Use letters, digits and @ . + - _ only."
        ]
    given = {"first_name": ("The first name", first_name), "last_name": ("The name", last_name)}
    for field, (what, text) in given.items():
        tidied = texts.tidy(text)
        if problem := texts.problem_of_line(tidied, what=what, required=False):
            errors[field] = [problem]
        setattr(person, field, tidied)
    person.email = email.strip()
    try:
        if person.email:
            validate_email(person.email)
    except ValidationError:
        errors["email"] = [f"{quoted(email)} is no e-mail address."]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)


def _accept_password(person: Person, password: str | None) -> None:
    if password is None:
        person.set_unusable_password()
        return
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused(
            error.messages[0], reason="PasswordTooWeak", fields={"password": error.messages}
        ) from error
    person.set_password(password)


def _facts(person: Person) -> dict[str, Any]:
    return {
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
    }


def _record(tag: Tag, actor: Actor, person: Person, message: str, data: dict[str, Any]) -> None:
    audit.record(
        tag=tag, actor=actor, target="person", target_id=person.pk, message=message, data=data
    )
