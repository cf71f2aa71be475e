"""One's own account: words about oneself, tokens shown once, the password."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.models import ApiToken, AuditEvent, Cluster, Person
from egress.services import tokens
from tests import factories
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db
TOKEN = {"name": "nightly build", "scopes": ["read", "request"], "days": "30"}


def test_a_visitor_is_sent_to_sign_in(client: Any) -> None:
    assert client.get(reverse("account"))["Location"].startswith(reverse("sign-in"))


def test_everybody_reads_in_words_what_they_are(
    owner: Person, cluster: Cluster, adam: Person, olga: Person, stranger: Person
) -> None:
    bob = factories.approver("bob", cluster=cluster, namespaces="payments")
    assert "You are in team-shop" in text(get(owner, "account"))
    alone, said = "You do not decide requests.", "You decide no requests but those that need"
    assert f"{said} the word of one of your teams." in text(get(owner, "account"))
    assert alone not in text(get(owner, "account"))
    teamless = text(get(factories.person("carl"), "account"))
    assert alone in teamless
    assert said not in teamless
    assert said not in text(get(bob, "account"))
    assert "You decide requests of namespaces called “payments” in cluster main" in text(
        get(bob, "account")
    )
    assert "You are in no team" in text(get(bob, "account"))
    assert "That does not let you approve requests." in text(get(adam, "account"))
    assert "You are an auditor" in text(get(olga, "account"))


# --- tokens -----------------------------------------------------------------------------------


def test_the_secret_of_a_new_token_is_shown_exactly_once(owner: Person) -> None:
    response = post(owner, "token-new", **TOKEN)
    (secret,) = set(re.findall(r"egp_[0-9a-f]{8}_[\w-]{20,}", text(response)))
    assert tokens.authenticate(secret) == ApiToken.objects.get()
    assert "no-store" in response["Cache-Control"]
    for name in ("account", "audit"):
        assert secret not in text(get(owner, name))
    assert secret not in str(list(AuditEvent.objects.values()))
    assert secret not in str(list(ApiToken.objects.values()))


def test_a_token_is_listed_with_scopes_and_expiry(owner: Person) -> None:
    post(owner, "token-new", **TOKEN)
    page = text(get(owner, "account"))
    assert "read, request" in page
    assert "never used" in page
    assert "in 29 days" in page or "in 30 days" in page


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"days": "9999"}, {"days": "never"}],
)
def test_a_token_that_makes_no_sense_is_refused(owner: Person, wrong: dict[str, Any]) -> None:
    response = post(owner, "token-new", **{**TOKEN, **wrong})
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_once(owner: Person) -> None:
    post(owner, "token-new", **TOKEN)
    token = ApiToken.objects.get()
    assert post(owner, "token-revoke", token.pk).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert post(owner, "token-revoke", token.pk).status_code == 409
    assert "Revoked" in text(get(owner, "account"))


def test_tokens_of_others_are_neither_seen_nor_revoked(
    owner: Person, stranger: Person, adam: Person
) -> None:
    post(owner, "token-new", **TOKEN)
    token = ApiToken.objects.get()
    for person in (stranger, adam):
        assert "nightly build" not in text(get(person, "account"))
        assert post(person, "token-revoke", token.pk).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_an_expired_token_is_called_expired(owner: Person) -> None:
    post(owner, "token-new", **TOKEN)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=1))
    page = text(get(owner, "account"))
    assert "Expired" in page
    assert "Revoke<" not in page


def test_a_token_is_made_for_oneself_only(owner: Person, stranger: Person) -> None:
    post(owner, "token-new", **TOKEN, owner=stranger.pk)
    assert ApiToken.objects.get().owner == owner


def test_names_of_tokens_are_never_markup(owner: Person) -> None:
    response = post(owner, "token-new", **{**TOKEN, "name": XSS})
    assert XSS not in text(response)
    assert XSS not in text(get(owner, "account"))


# --- password ---------------------------------------------------------------------------------


def sent(old: str = factories.PASSWORD, new: str = "a fresh long passphrase") -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new}


def test_a_new_password_ends_other_sessions_and_keeps_this_one(owner: Person) -> None:
    here, elsewhere = signed_in(owner), signed_in(owner)
    before = here.session.session_key
    assert here.post(reverse("password"), sent())["Location"] == reverse("account")
    assert here.get(reverse("account")).status_code == 200
    assert here.session.session_key != before
    assert elsewhere.get(reverse("account")).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password("a fresh long passphrase")
    assert AuditEvent.objects.filter(tag="person:password-set", actor="owner").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        sent(old="not mine"),
        sent(new="kurz9"),
        sent(new="owner"),
        {**sent(), "new_password2": "something else entirely"},
        {},
    ],
)
def test_a_password_that_cannot_be_accepted_changes_nothing(
    owner: Person, wrong: dict[str, str]
) -> None:
    response = post(owner, "password", **wrong)
    assert response.status_code == 422
    assert "kurz9" not in text(response)
    owner.refresh_from_db()
    assert owner.check_password(factories.PASSWORD)
