"""What a provider says of somebody, read again before it counts. Failing to read it closes."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import jwt
import requests
import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from egress.domain.wording import quoted
from egress.models import Person, ProviderAccount
from egress.services import audit
from egress.services.audit import Tag
from egress.services.credentials import CredentialsUnreadableError, seal, unseal
from egress.services.errors import NotAllowed, Unavailable
from egress.services.people.accounts import end_sessions
from egress.services.sign_in.calls import ProviderSession, configuration_of, object_in
from egress.services.sign_in.giving import actor_for, give, groups_in
from egress.services.sign_in.providers import Provider, provider_called

logger = structlog.get_logger(__name__)

OLDEST = timedelta(minutes=5)
"""How old claims may be while a session or a token is used."""
_READING = timedelta(seconds=4)
_WAIT_SECONDS = 2.9
_read_for: ContextVar[int | None] = ContextVar("egress_claims_read_for", default=None)


class _ClosedError(Exception):
    """The provider does not know the person any more, or not as somebody who may come here."""


def refresh_claims(person: Person, *, older_than: timedelta | None = None) -> None:
    """Read again what the provider says of the person; nothing happens for local accounts.

    With `older_than` younger claims will do. Teams and roles that the provider's groups gave are
    what they give now. Call it outside of transactions; it takes at most three seconds. Raises
    NotAllowed when the account is closed there, and Unavailable when nobody can tell.
    """
    if _read_for.get() == person.pk:
        return
    account = ProviderAccount.objects.select_related("person").filter(person=person).first()
    if account is None:
        return
    begun = timezone.now()
    _refuse_closed(account)
    if older_than is not None and account.read_at > begun - older_than:
        return
    until = time.monotonic() + _WAIT_SECONDS
    while not _claim(account):
        # One process reads at a time: a refresh token may be good for one use only.
        time.sleep(0.05)
        account.refresh_from_db()
        _refuse_closed(account)
        if account.read_at >= begun:
            return
        if time.monotonic() > until:
            raise _cannot_tell(account)
    _read(account)


@contextmanager
def claims_read_for(person: Person) -> Iterator[None]:
    """Read the person's claims now, and not again within the block, which may be a transaction."""
    refresh_claims(person)
    token = _read_for.set(person.pk)
    try:
        yield
    finally:
        _read_for.reset(token)


def _claim(account: ProviderAccount) -> bool:
    now = timezone.now()
    free = Q(reading_until__isnull=True) | Q(reading_until__lte=now)
    mine = ProviderAccount.objects.filter(free, pk=account.pk, closed_at__isnull=True)
    return mine.update(reading_until=now + _READING) == 1


def _read(account: ProviderAccount) -> None:
    begun = timezone.now()
    account.refresh_from_db()
    provider = provider_called(account.provider)
    try:
        if provider is None:
            raise _ClosedError("The settings name this provider no more.")
        claims = _claims_now(account, provider)
        groups = groups_in(claims, provider)
        if not provider.admits(groups):
            raise _ClosedError("They are in no group that may use the portal.")
        _take_over(account, provider, groups, begun)
    except _ClosedError as error:
        close(account, str(error))
        # Whoever closed it: what was read of it lets nobody act.
        raise _closed(account) from error
    except (requests.RequestException, CredentialsUnreadableError, jwt.PyJWTError) as error:
        logger.warning(
            "claims_not_read",
            provider=account.provider,
            person=account.person_id,
            why=str(error)[:300],
        )
        raise _cannot_tell(account) from error
    finally:
        ProviderAccount.objects.filter(pk=account.pk).update(reading_until=None)


def _claims_now(account: ProviderAccount, provider: Provider) -> dict[str, Any]:
    """Return the claims of now, of the ID token and of userinfo. Raises _ClosedError."""
    with ProviderSession() as session:
        config = configuration_of(provider, session)
        tokens = json.loads(unseal(bytes(account.sealed)))
        fresh = _fresh_tokens(account, provider, config, session, tokens)
        claims = id_claims(fresh.get("id_token", ""), provider)
        answer = session.get(
            config["userinfo_endpoint"],
            headers={"Authorization": f"Bearer {_access_token(fresh)}"},
        )
        if answer.status_code in {401, 403}:
            raise _ClosedError("The provider does not let them in any more.")
        if answer.status_code != 200:
            raise requests.RequestException(f"Userinfo answered {answer.status_code}.")
        claims = {**claims, **object_in(answer)}
    if claims.get("sub") != account.subject:
        raise _ClosedError("The provider speaks of somebody else.")
    return claims


def _access_token(tokens: Mapping[str, str]) -> str:
    """Return the access token. Raises RequestException when the provider never gave one."""
    if not tokens.get("access_token"):
        raise requests.RequestException("There is no access token to ask by.")
    return tokens["access_token"]


def _fresh_tokens(
    account: ProviderAccount,
    provider: Provider,
    config: Mapping[str, Any],
    session: ProviderSession,
    tokens: dict[str, str],
) -> dict[str, str]:
    """Return tokens of now: by the refresh token (RFC 6749, 6), or those there are without one."""
    if not tokens.get("refresh_token"):
        return tokens
    answer = session.post(
        config["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        auth=(provider.client_id, provider.client_secret),
    )
    said = object_in(answer)
    if answer.status_code in {400, 401} and said.get("error") == "invalid_grant":
        raise _ClosedError("The provider ended their session there.")
    if answer.status_code != 200 or not isinstance(said.get("access_token"), str):
        raise requests.RequestException(f"The token endpoint answered {answer.status_code}.")
    fresh = {**tokens, **texts_in(said)}
    # Kept at once: a refresh token that was used may be worth nothing now.
    ProviderAccount.objects.filter(pk=account.pk).update(sealed=sealed_tokens(fresh))
    return {**fresh, "id_token": str(said.get("id_token", ""))}


def id_claims(token: str, provider: Provider) -> dict[str, Any]:
    """Return the claims of an ID token that came straight from the provider, none without one.

    Its signature is not looked at: the connection vouches for it (OpenID Connect Core 3.1.3.7).
    Raises PyJWTError when it is for another client, of another issuer, or too old.
    """
    if not token:
        return {}
    claims: dict[str, Any] = jwt.decode(
        token,
        options={"verify_signature": False, "verify_exp": True, "verify_aud": True},
        audience=provider.client_id,
        leeway=30,
    )
    if str(claims.get("iss", "")).rstrip("/") != provider.issuer:
        raise jwt.InvalidIssuerError("The ID token is of another issuer.")
    return claims


def texts_in(said: Mapping[str, Any]) -> dict[str, str]:
    """Return the tokens of an answer that are worth keeping."""
    kept = {name: said.get(name) for name in ("access_token", "refresh_token")}
    return {name: text for name, text in kept.items() if isinstance(text, str) and text}


def sealed_tokens(tokens: Mapping[str, str]) -> bytes:
    """Return tokens as they are kept. Raises CredentialsUnreadableError without a key."""
    return seal(json.dumps({name: tokens[name] for name in texts_in(tokens)}))


@transaction.atomic
def _take_over(
    account: ProviderAccount, provider: Provider, groups: frozenset[str], begun: datetime
) -> None:
    teams, roles = provider.teams_of(groups), provider.roles_of(groups)
    if _differs(account, teams, roles):
        audit.take_turn()
        give(account, teams, roles)
    # Not where it was closed meanwhile.
    open_ones = ProviderAccount.objects.filter(pk=account.pk, closed_at__isnull=True)
    if open_ones.update(read_at=begun) != 1:
        raise _ClosedError("The account was closed meanwhile.")


def _differs(account: ProviderAccount, teams: frozenset[str], roles: frozenset[str]) -> bool:
    held = set(account.person.groups.values_list("name", flat=True))
    bound = set(account.person.roles.values_list("role", flat=True))
    given = set(account.given_teams.values_list("name", flat=True))
    given_roles = set(account.given_roles.values_list("role", flat=True))
    return not (teams <= held and roles <= bound and given <= teams and given_roles <= roles)


@transaction.atomic
def close(account: ProviderAccount, why: str) -> None:
    """Let nobody in by this account: no session, no token, no team or role of the provider's.

    It opens again when the person signs in there anew.
    """
    audit.take_turn()
    now = timezone.now()
    open_ones = ProviderAccount.objects.filter(pk=account.pk, closed_at__isnull=True)
    if not open_ones.update(closed_at=now, sealed=b""):
        return
    account.closed_at = now
    give(account, (), ())
    audit.record(
        tag=Tag.PERSON_CLOSED_AT_PROVIDER,
        actor=actor_for(account),
        target="person",
        target_id=account.person_id,
        message=f"{quoted(account.person)} has to sign in at {quoted(account.provider)} again.",
        data={"why": why, "sessions_ended": end_sessions(account.person)},
    )


def _refuse_closed(account: ProviderAccount) -> None:
    if account.closed_at is not None:
        raise _closed(account)


def _closed(account: ProviderAccount) -> NotAllowed:
    return NotAllowed(
        f"{quoted(account.provider)} does not vouch for {quoted(account.person)} any more. "
        "Sign in there again, or ask for your groups there.",
        reason="ClosedAtProvider",
    )


def _cannot_tell(account: ProviderAccount) -> Unavailable:
    return Unavailable(
        f"The identity provider {quoted(account.provider)} does not answer, and nothing is asked "
        "for or decided without its word. Try again in a moment.",
        reason="ProviderNotRead",
    )
