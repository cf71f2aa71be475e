"""API tokens: shown once, kept as a digest, never more than their owner may do."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from egress import rules
from egress.domain.wording import listed, quoted
from egress.models import ApiToken, Person
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused

SCOPES = ("read", "request", "decide", "admin")
MAX_DAYS = 365
MAX_TOKENS = 50
MARK = "egp"
_USED_EVERY = timedelta(minutes=1)
_LONGEST_SECRET = 200


@transaction.atomic
def create(
    *, owner: Person, name: str, scopes: Iterable[str], days: int, actor: Actor
) -> tuple[ApiToken, str]:
    """Return a new token of the actor's own, and its secret, which is never shown again.

    `days` is how long it works, at most 365. Raises NotAllowed for somebody else's token, and
    Refused, by field, when name, scopes or days cannot be accepted.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    if owner.pk != standing.person_id:
        raise NotAllowed("People make their own tokens. Ask them to.", reason="NotYourToken")
    label, chosen = _accepted(name, scopes, days)
    now = timezone.now()
    if owner.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).count() >= MAX_TOKENS:
        raise Conflict(f"You have {MAX_TOKENS} tokens. Revoke one first.", reason="TooManyTokens")
    prefix = secrets.token_hex(4)
    secret = f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        owner=owner,
        name=label,
        prefix=prefix,
        digest=_digest(secret, settings.SECRET_KEY),
        scopes=chosen,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        tag=Tag.TOKEN_CREATED,
        actor=actor,
        target="token",
        target_id=token.pk,
        message=f"Created the API token {quoted(label)}.",
        data={"owner": owner.username, "prefix": prefix, "scopes": chosen, "days": days},
        at=now,
    )
    return token, secret


@transaction.atomic
def revoke(*, token: ApiToken, actor: Actor) -> ApiToken:
    """End a token at once; its owner and admins may. Raises Missing, and Conflict when it ended."""
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    stored = ApiToken.objects.select_related("owner").filter(pk=token.pk).first()
    if stored is None or not (stored.owner_id == standing.person_id or rules.is_admin(standing)):
        raise Missing("There is no such token for you. Look at the list of your tokens.")
    now = timezone.now()
    if not ApiToken.objects.filter(pk=stored.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise Conflict("The token is revoked already.", reason="TokenRevoked")
    audit.record(
        tag=Tag.TOKEN_REVOKED,
        actor=actor,
        target="token",
        target_id=stored.pk,
        message=f"Revoked the API token {quoted(stored.name)}.",
        data={"owner": stored.owner.username, "prefix": stored.prefix},
        at=now,
    )
    stored.revoked_at = now
    return stored


def authenticate(secret: str) -> ApiToken | None:
    """Return the token with this secret and its owner, None when it does not let anybody in.

    Expired and revoked tokens do not, nor those of people without an active account. What is
    looked up is an HMAC of the secret, so timing tells nothing about stored ones.
    """
    if not secret.startswith(f"{MARK}_") or len(secret) > _LONGEST_SECRET:
        return None
    digests = [
        _digest(secret, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    token = ApiToken.objects.select_related("owner").filter(digest__in=digests).first()
    now = timezone.now()
    if token is None or not is_usable(token, now):
        return None
    if not any(hmac.compare_digest(token.digest, digest) for digest in digests):
        return None
    _note_use(token, now)
    return token


def is_usable(token: ApiToken, now: datetime) -> bool:
    """Tell whether the token lets its owner in at `now`."""
    ended = token.revoked_at is not None or token.expires_at is None or token.expires_at <= now
    return token.owner.is_active and not ended


def _note_use(token: ApiToken, now: datetime) -> None:
    # At most once a minute: reading with a token must not become writing all the time.
    if token.last_used_at is not None and token.last_used_at > now - _USED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - _USED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.last_used_at = now


def _accepted(name: str, scopes: Iterable[str], days: int) -> tuple[str, list[str]]:
    errors: dict[str, list[str]] = {}
    label = texts.tidy(name)
    if problem := texts.problem_of_line(label, what="The name", limit=100):
        errors["name"] = [problem]
    wanted = set(scopes)
    unknown = sorted(str(scope) for scope in wanted - set(SCOPES))
    if unknown or not wanted:
        what = f"{quoted(unknown[0])} is no scope." if unknown else "A token needs a scope."
        errors["scopes"] = [f"{what} Choose among {listed(list(SCOPES))}."]
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        errors["days"] = [f"{quoted(days)} is no lifetime. Give 1 to {MAX_DAYS} days."]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="TokenNotAccepted", fields=errors)
    return label, [scope for scope in SCOPES if scope in wanted]


def _digest(secret: str, key: str) -> str:
    salted = hashlib.sha256(f"egress-portal.api-token:{key}".encode()).digest()
    return hmac.new(salted, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
