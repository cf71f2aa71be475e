"""API tokens: shown once, kept as a digest, never more than their owner may do."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from egress import rules
from egress.domain.token_text import may_be_token, new_secret
from egress.domain.wording import listed, quoted
from egress.models import ApiToken, Person
from egress.models.person import staffed_teams
from egress.models.scope import SCOPE_PATTERN
from egress.models.standing import Standing
from egress.selectors import robots
from egress.selectors.clusters import visible_clusters
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.factors import require_factor_to_decide

SCOPES = ("read", "request", "decide", "admin")
NEED_FACTOR = frozenset({"decide", "admin"})
"""Scopes of tokens that nobody makes without the second factor that deciders need."""
ROBOT_SCOPES = ("read", "request")
MAX_DAYS = 365
MAX_TOKENS = 50
MAX_PATTERNS = 20
_USED_EVERY = timedelta(minutes=1)
_LONGEST_SECRET = 200


@transaction.atomic
def create(
    *,
    owner: Person,
    name: str,
    scopes: Iterable[str],
    days: int,
    actor: Actor,
    clusters: Iterable[str] = (),
    namespaces: Iterable[str] = (),
    made_with: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Return a new token of the actor's own or of a robot, and its secret, shown this once.

    `days` is how long it works, at most 365. `clusters` (names) and `namespaces` (patterns) limit
    where it works; empty ones do not. `made_with` is the token that is used to make it: the new
    one has no scope that it lacks, and ends with it at the latest.

    Raises NotAllowed for somebody else's token and for more than `made_with` has; Refused, by
    field, when something cannot be accepted; Conflict when the owner has too many.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    owner = _owner(owner, standing)
    asked = _Asked(name, set(scopes), days, set(clusters), set(namespaces))
    label, chosen, limits = _accepted(asked, owner, standing)
    if NEED_FACTOR.intersection(chosen):
        # Else it would gain power when its owner sets a factor up, which the token never showed.
        require_factor_to_decide(standing)
    now = timezone.now()
    until = now + timedelta(days=days)
    if made_with is not None:
        until = _within(made_with, chosen, until)
    if owner.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).count() >= MAX_TOKENS:
        raise Conflict(
            f"{quoted(owner)} has {MAX_TOKENS} tokens. Revoke one first.", reason="TooManyTokens"
        )
    prefix, secret = new_secret()
    token = ApiToken.objects.create(
        owner=owner,
        name=label,
        prefix=prefix,
        digest=_digest(secret, settings.SECRET_KEY),
        scopes=chosen,
        created_at=now,
        expires_at=until,
        clusters=limits.clusters,
        namespaces=limits.namespaces,
        made_by=actor.person,
    )
    _record_created(token, asked, actor)
    return token, secret


def _record_created(token: ApiToken, asked: "_Asked", actor: Actor) -> None:
    audit.record(
        tag=Tag.TOKEN_CREATED,
        actor=actor,
        target="token",
        target_id=token.pk,
        message=f"Created the API token {quoted(token.name)}.",
        data={
            "owner": token.owner.username,
            "prefix": token.prefix,
            "scopes": token.scopes,
            "days": asked.days,
            "clusters": sorted(asked.clusters),
            "namespaces": token.namespaces,
        },
        at=token.created_at,
    )


@transaction.atomic
def revoke(*, token: ApiToken, actor: Actor) -> ApiToken:
    """End a token at once; its owner, admins and the people of a robot's teams may.

    Raises Missing, and Conflict when it ended.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    stored = ApiToken.objects.select_related("owner").filter(pk=token.pk).first()
    if stored is None or not _may_revoke(standing, stored):
        raise Missing("There is no such token for you. Look at the list of your tokens.")
    guards.require_factor_beyond_own(standing, lambda own: _may_revoke(own, stored))
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
    if len(secret) > _LONGEST_SECRET or not may_be_token(secret):
        return None
    digests = [
        _digest(secret, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    token = (
        ApiToken.objects.select_related("owner__provider_account")
        .filter(digest__in=digests)
        .first()
    )
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
    if ended or not token.owner.is_active:
        return False
    return not token.owner.is_robot or bool(staffed_teams(token.owner))


def _note_use(token: ApiToken, now: datetime) -> None:
    # At most once a minute: reading with a token must not become writing all the time.
    if token.last_used_at is not None and token.last_used_at > now - _USED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - _USED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.last_used_at = now


def _owner(owner: Person, standing: Standing) -> Person:
    """Return the owner of a new token as they are now. Raises NotAllowed."""
    if standing.limits is not None:
        raise NotAllowed(
            "A token with limits makes no tokens. Sign in to make it.", reason="TokenHasLimits"
        )
    if owner.pk == standing.person_id and not standing.is_robot:
        return owner
    stored = Person.objects.filter(pk=owner.pk, is_robot=True).first()
    if stored is None or not robots.may_make_tokens_of(standing, stored):
        raise NotAllowed("People make their own tokens. Ask them to.", reason="NotYourToken")
    guards.require_factor_beyond_own(standing, lambda own: robots.may_make_tokens_of(own, stored))
    if not stored.is_active:
        raise NotAllowed(f"The robot {quoted(stored)} is closed.", reason="AccountNotActive")
    return stored


def _may_revoke(standing: Standing, token: ApiToken) -> bool:
    if standing.limits is not None:
        return False
    own = token.owner_id == standing.person_id
    return own or rules.is_admin(standing) or robots.may_close_robot(standing, token.owner)


def _within(made_with: ApiToken, scopes: Iterable[str], until: datetime) -> datetime:
    """Return when the new token ends: with the one that makes it at the latest."""
    if set(scopes) - set(made_with.scopes):
        raise NotAllowed(
            "A token cannot make one with more scopes than it has. Sign in to make it.",
            reason="ScopeMissing",
        )
    return min(until, made_with.expires_at or until)


@dataclass(frozen=True)
class _Asked:
    name: str
    scopes: set[str]
    days: int
    clusters: set[str]
    namespaces: set[str]


@dataclass(frozen=True)
class _Limits:
    clusters: list[int]
    namespaces: list[str]


def _accepted(asked: _Asked, owner: Person, standing: Standing) -> tuple[str, list[str], _Limits]:
    errors: dict[str, list[str]] = {}
    label = texts.tidy(asked.name)
    if problem := texts.problem_of_line(label, what="The name", limit=100):
        errors["name"] = [problem]
    if problem := _problem_of_scopes(asked, owner):
        errors["scopes"] = [problem]
    days = asked.days
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        errors["days"] = [f"{quoted(days)} is no lifetime. Give 1 to {MAX_DAYS} days."]
    limits = _limits(asked, standing, errors)
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="TokenNotAccepted", fields=errors)
    return label, [scope for scope in SCOPES if scope in asked.scopes], limits


def _problem_of_scopes(asked: _Asked, owner: Person) -> str:
    known = ROBOT_SCOPES if owner.is_robot else SCOPES
    unknown = sorted(str(scope) for scope in asked.scopes - set(known))
    if not asked.scopes:
        return f"A token needs a scope. Choose among {listed(list(known))}."
    if unknown:
        of = " for a robot" if owner.is_robot and unknown[0] in SCOPES else ""
        return f"{quoted(unknown[0])} is no scope{of}. Choose among {listed(list(known))}."
    if "admin" in asked.scopes and (asked.clusters or asked.namespaces):
        return 'Administering is about the whole portal: leave out the limits, or "admin".'
    return ""


def _limits(asked: _Asked, standing: Standing, errors: dict[str, list[str]]) -> _Limits:
    """Return the limits as they are stored, and add to `errors` what is wrong with them."""
    known: dict[str, int] = {}
    if asked.clusters:
        seen = visible_clusters(standing).filter(name__in=sorted(asked.clusters))
        known = dict(seen.values_list("name", "pk"))
    if unknown := sorted(asked.clusters - set(known)):
        errors["clusters"] = [f"There is no cluster {quoted(unknown[0])} for you."]
    patterns = sorted(asked.namespaces)
    bad = [pattern for pattern in patterns if not SCOPE_PATTERN.fullmatch(pattern)]
    if bad:
        errors["namespaces"] = [
            f'{quoted(bad[0])} is no pattern. Use a name such as "payments", or "pay*".'
        ]
    elif len(patterns) > MAX_PATTERNS:
        errors["namespaces"] = [f"Give at most {MAX_PATTERNS} patterns."]
    return _Limits(sorted(known.values()), [] if "*" in patterns else patterns)


def _digest(secret: str, key: str) -> str:
    salted = hashlib.sha256(f"egress-portal.api-token:{key}".encode()).digest()
    return hmac.new(salted, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
