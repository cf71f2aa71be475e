"""API tokens: shown once, kept as a digest, ended at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from egress.domain import token_text
from egress.models import ApiToken, AuditEvent, Namespace, Person, TokenLimits
from egress.services import tokens
from egress.services.actor import Actor
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make


def create(owner: Person, **fields: Any) -> tuple[ApiToken, str]:
    given = {"name": "pipeline", "scopes": ["request", "read"], "days": 30, **fields}
    return tokens.create(owner=owner, actor=make.actor(owner), **given)


def test_a_token_lets_its_owner_in(owner: Person) -> None:
    token, secret = create(owner)
    assert secret.startswith(f"egp_{token.prefix}_")
    assert token.scopes == ["read", "request"]
    known = tokens.authenticate(secret)
    assert known is not None
    assert (known.pk, known.owner) == (token.pk, owner)


def test_the_secret_is_stored_nowhere(owner: Person) -> None:
    _, secret = create(owner)
    assert secret not in str(list(ApiToken.objects.values()) + list(AuditEvent.objects.values()))
    assert secret[13:] not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    "change",
    [lambda s: s[:-1], lambda s: s + "x", lambda s: s.upper(), lambda s: s.replace("egp_", "")],
)
def test_another_secret_lets_nobody_in(owner: Person, change: Any) -> None:
    _, secret = create(owner)
    assert tokens.authenticate(change(secret)) is None


@pytest.mark.parametrize("secret", ["", "egp_", "egp_\0", "egp_\ud800", "egp_" + "x" * 100_000])
def test_nonsense_lets_nobody_in(db: None, secret: str) -> None:
    assert tokens.authenticate(secret) is None


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"expires_at": None},
        {"revoked_at": timezone.now()},
    ],
)
def test_an_ended_token_lets_nobody_in(owner: Person, change: dict[str, Any]) -> None:
    _, secret = create(owner)
    ApiToken.objects.update(**change)
    assert tokens.authenticate(secret) is None


def test_a_closed_account_is_not_let_in(owner: Person) -> None:
    _, secret = create(owner)
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    assert tokens.authenticate(secret) is None


def test_last_use_is_noted_at_most_once_a_minute(owner: Person) -> None:
    token, secret = create(owner)
    tokens.authenticate(secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    tokens.authenticate(secret)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    tokens.authenticate(secret)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first


def test_a_token_outlives_a_change_of_the_secret_key(owner: Person, settings: Any) -> None:
    _, secret = create(owner)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is long enough"
    assert tokens.authenticate(secret) is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert tokens.authenticate(secret) is None


def test_people_make_their_own_tokens_only(owner: Person, adam: Person) -> None:
    with pytest.raises(NotAllowed):
        tokens.create(owner=owner, name="x", scopes=["read"], days=1, actor=make.actor(adam))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "root"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"days": True}, "days"),
        ({"days": None}, "days"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    owner: Person, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        create(owner, **given)
    assert list(caught.value.fields) == [field]


def test_nobody_hoards_tokens(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    create(owner)
    token, _ = create(owner)
    with pytest.raises(Conflict):
        create(owner)
    tokens.revoke(token=token, actor=make.actor(owner))
    create(owner)


def test_owners_and_admins_revoke(owner: Person, stranger: Person, adam: Person) -> None:
    first, secret = create(owner)
    with pytest.raises(Missing):
        tokens.revoke(token=first, actor=make.actor(stranger))
    tokens.revoke(token=first, actor=make.actor(owner))
    assert tokens.authenticate(secret) is None
    with pytest.raises(Conflict):
        tokens.revoke(token=first, actor=make.actor(owner))
    second, _ = create(owner)
    tokens.revoke(token=second, actor=make.actor(adam))
    assert AuditEvent.objects.filter(tag="token:revoked").count() == 2
    assert settings.SECRET_KEY not in str(list(AuditEvent.objects.values()))


def test_scanners_know_a_secret_without_asking(owner: Person) -> None:
    _, secret = create(owner)
    assert token_text.PATTERN.fullmatch(secret)
    assert token_text.may_be_token(secret)
    other = "1" if secret[20] == "0" else "0"
    assert not token_text.may_be_token(secret[:20] + other + secret[21:])


def test_a_token_of_the_older_form_still_lets_in(owner: Person) -> None:
    token, _ = create(owner)
    older = "egp_0a1b2c3d_" + "-_Ab1" * 8 + "xyz"
    ApiToken.objects.filter(pk=token.pk).update(digest=tokens._digest(older, settings.SECRET_KEY))
    assert tokens.authenticate(older) == token


def test_limits_are_kept_by_number_and_pattern(owner: Person, shop: Namespace) -> None:
    token, _ = create(owner, clusters=["main"], namespaces=["sh*"])
    assert token.limits == TokenLimits(frozenset([shop.cluster_id]), ("sh*",))
    token, _ = create(owner, namespaces=["*", "shop"])
    assert token.limits is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"clusters": ["nowhere"]}, "clusters"),
        ({"namespaces": ["[a]"]}, "namespaces"),
        ({"namespaces": [""]}, "namespaces"),
        ({"namespaces": [f"a{n}" for n in range(21)]}, "namespaces"),
        ({"namespaces": ["shop"], "scopes": ["admin"]}, "scopes"),
    ],
)
def test_limits_that_cannot_be_are_told_beside_their_field(
    owner: Person, shop: Namespace, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        create(owner, **given)
    assert list(caught.value.fields) == [field]


def test_a_token_makes_none_that_outlives_it(owner: Person) -> None:
    short, _ = create(owner, scopes=["admin", "read"], days=2)
    made, _ = create(owner, scopes=["read"], days=300, made_with=short)
    assert made.expires_at == short.expires_at


def test_a_token_with_limits_makes_and_ends_none(owner: Person, shop: Namespace) -> None:
    token, _ = create(owner, namespaces=["shop"])
    actor = Actor.of(owner, "api", token=token)
    with pytest.raises(NotAllowed):
        tokens.create(owner=owner, name="x", scopes=["read"], days=1, actor=actor)
    with pytest.raises(Missing):
        tokens.revoke(token=token, actor=actor)
