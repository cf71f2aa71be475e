"""Letting somebody in whom a provider vouches for, for the first time or again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from egress.domain.wording import quoted
from egress.models import Person, ProviderAccount
from egress.services import audit, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import NotAllowed
from egress.services.sign_in.claims import sealed_tokens
from egress.services.sign_in.giving import give, groups_in
from egress.services.sign_in.providers import Provider, gives_plain_names

_UNFIT = re.compile(r"[^A-Za-z0-9@.+_-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Vouched:
    """What a provider said at a sign-in: the claims of ID token and userinfo, and its tokens."""

    id_token: Mapping[str, Any]
    userinfo: Mapping[str, Any]
    tokens: Mapping[str, str]

    @property
    def claims(self) -> dict[str, Any]:
        """Return both, userinfo last: it is the newer word."""
        return {**self.id_token, **self.userinfo}


@transaction.atomic
def admit(*, provider: Provider, vouched: Vouched) -> Person:
    """Return the person whom the provider vouches for, made if they were never here.

    People are known by the provider's subject alone: an account is never found by its name or
    e-mail address. Raises NotAllowed when their groups do not let them in, when the two answers
    speak of different people, and when an admin closed the account here.
    """
    audit.take_turn()
    subject = _subject(provider, vouched)
    groups = groups_in(vouched.claims, provider)
    if not provider.admits(groups):
        raise NotAllowed(
            f"{quoted(provider.name)} names no group of yours that may use this portal. Ask for "
            "one there.",
            reason="NotInAGroup",
        )
    account = _account(provider, subject, vouched)
    if not account.person.is_active:
        raise NotAllowed(
            f"The account {quoted(account.person)} is switched off. Ask an admin of the portal.",
            reason="AccountNotActive",
        )
    account.sealed = sealed_tokens(vouched.tokens)
    account.is_strong = provider.is_strong(vouched.id_token)
    account.read_at, account.closed_at, account.reading_until = timezone.now(), None, None
    account.save()
    give(account, provider.teams_of(groups), provider.roles_of(groups))
    return account.person


def _subject(provider: Provider, vouched: Vouched) -> str:
    """Return who it is. Raises NotAllowed when the answers do not agree (OIDC Core 5.3.2)."""
    subject = vouched.id_token.get("sub")
    of_us = str(vouched.id_token.get("iss", "")).rstrip("/") == provider.issuer
    if vouched.userinfo.get("sub", subject) != subject:
        of_us = False
    if not of_us or not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise NotAllowed(
            f"What {quoted(provider.name)} says does not fit together. Sign in again.",
            reason="ClaimsDoNotFit",
        )
    return subject


def _account(provider: Provider, subject: str, vouched: Vouched) -> ProviderAccount:
    known = ProviderAccount.objects.select_related("person")
    account = known.filter(provider=provider.id, subject=subject).first()
    if account is not None:
        _describe(account.person, provider, vouched.claims)
        account.person.save(update_fields=["first_name", "last_name", "email"])
        return account
    person = Person(username=_free_name(provider, subject, vouched.claims))
    person.set_unusable_password()
    _describe(person, provider, vouched.claims)
    person.save()
    audit.record(
        tag=Tag.PERSON_CREATED,
        actor=Actor.system(f"provider {provider.id}", "web"),
        target="person",
        target_id=person.pk,
        message=f"Created {quoted(person)}, who signed in by {quoted(provider.name)}.",
        data={"provider": provider.id, "subject": subject},
    )
    return ProviderAccount.objects.create(
        person=person, provider=provider.id, subject=subject, read_at=timezone.now()
    )


def _free_name(provider: Provider, subject: str, claims: Mapping[str, Any]) -> str:
    """Return a user name like the provider's that nobody has, in whatever case.

    A plain one only for people of the first provider: another one's must not be taken for them.
    """
    said = claims.get("preferred_username") or provider.email_in(claims) or subject
    name = _UNFIT.sub("-", str(said)).lstrip("@.+_-")[:_LONGEST_NAME] or "person"
    candidates = [name] if gives_plain_names(provider) else []
    candidates += [f"{name}+{provider.id}"]
    candidates += [f"{name}+{provider.id}-{number}" for number in range(2, 100)]
    for candidate in candidates:
        if not Person.objects.filter(username__iexact=candidate).exists():
            return candidate
    raise NotAllowed(f"The user name {quoted(name)} is taken. Ask an admin.", reason="NameTaken")


def _describe(person: Person, provider: Provider, claims: Mapping[str, Any]) -> None:
    """Take over names and address as far as they are fit to be shown; the rest stays empty."""
    for field, claim in (("first_name", "given_name"), ("last_name", "family_name")):
        text = texts.tidy(str(claims.get(claim) or ""))
        problem = texts.problem_of_line(text, what="The name", required=False)
        setattr(person, field, "" if problem else text)
    email = provider.email_in(claims)
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    person.email = email
