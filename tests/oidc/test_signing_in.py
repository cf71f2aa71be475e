"""Signing in by a provider: a real flow over HTTP, its groups, and who is kept out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from egress.models import AuditEvent, Person, ProviderAccount, SignIn
from egress.models.standing import standing_of
from tests import factories
from tests.oidc.conftest import SignsIn, called
from tests.oidc.provider import Provider

pytestmark = pytest.mark.django_db


def test_somebody_of_a_mapped_group_comes_in_and_is_made_once(
    provider: Provider, signs_in: SignsIn
) -> None:
    provider.hire("nora", "shop-devs", "egress-data", given_name="Nora", family_name="Berg")
    client, answer = signs_in("nora")
    assert answer["Location"] == reverse("home")
    assert client.get(reverse("account")).status_code == 200
    nora = called("nora")
    assert standing_of(nora).teams == {"team-shop", "data"}
    assert (nora.get_full_name(), nora.email) == ("Nora Berg", "nora@corp.example")
    assert not nora.has_usable_password()
    signs_in("nora")
    assert Person.objects.count() == 1
    tags = list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))
    made = ["person:created", "team:created", "team:created", "person:claims-changed"]
    assert tags == [*made, "person:signed-in", "person:signed-in"]


def test_groups_give_the_role_of_an_admin_and_take_it_again(
    provider: Provider, signs_in: SignsIn
) -> None:
    provider.hire("ada", "portal-admins", "shop-devs")
    signs_in("ada")
    assert standing_of(called("ada")).is_admin
    provider.hire("ada", "shop-devs")
    signs_in("ada")
    assert not standing_of(called("ada")).is_admin


def test_whoever_is_in_no_mapped_group_stays_out(provider: Provider, signs_in: SignsIn) -> None:
    provider.hire("nobody", "lunch")
    client, answer = signs_in("nobody")
    assert answer["Location"] == reverse("sign-in")
    assert "names no group of yours" in client.get(answer["Location"]).content.decode()
    assert not Person.objects.exists()


def test_an_account_here_is_never_taken_over_by_its_name_or_address(
    provider: Provider, signs_in: SignsIn
) -> None:
    mine = factories.admin("adam")
    Person.objects.update(email="adam@corp.example")
    provider.hire("adam", "shop-devs", email_verified=True)
    client, _ = signs_in("adam")
    assert client.session["_auth_user_id"] != str(mine.pk)
    other = ProviderAccount.objects.get().person
    assert other.username == "adam+corp"
    assert not standing_of(other).is_admin


def test_only_people_of_the_first_provider_have_its_plain_names(
    provider: Provider, signs_in: SignsIn, settings: Any
) -> None:
    provider.hire("lead", "shop-devs")
    signs_in("lead")
    settings.OIDC_PROVIDERS = [provider.settings(id="main"), provider.settings()]
    signs_in("lead")
    provider.hire("boss", "shop-devs")
    signs_in("boss")
    names = set(Person.objects.values_list("username", flat=True))
    assert names == {"lead", "boss+corp"}, "who was here keeps their name"


@pytest.mark.parametrize(
    ("verified", "trusted", "email"),
    [
        (True, False, "nora@corp.example"),
        ("true", False, "nora@corp.example"),
        (None, False, ""),
        (False, False, ""),
        ("false", False, ""),
        (1, False, ""),
        (None, True, "nora@corp.example"),
        (False, True, ""),
    ],
)
def test_an_address_is_taken_over_when_the_provider_says_that_it_is_theirs(
    provider: Provider,
    signs_in: SignsIn,
    settings: Any,
    verified: object,
    trusted: bool,
    email: str,
) -> None:
    settings.OIDC_PROVIDERS = [provider.settings(verified_emails=trusted)]
    provider.hire("nora", "shop-devs", email_verified=verified)
    signs_in("nora")
    assert called("nora").email == email


def test_an_address_that_nobody_verified_is_no_user_name(
    provider: Provider, signs_in: SignsIn
) -> None:
    boss = {"preferred_username": "", "email": "boss@corp.example", "email_verified": False}
    provider.hire("nora", "shop-devs", **boss)
    signs_in("nora")
    assert Person.objects.get().username == "nora"


def test_an_account_that_an_admin_closed_stays_closed(
    provider: Provider, signs_in: SignsIn
) -> None:
    provider.hire("nora", "shop-devs")
    signs_in("nora")
    Person.objects.update(is_active=False)
    client, answer = signs_in("nora")
    assert answer["Location"] == reverse("sign-in")
    assert client.get(reverse("home")).status_code == 302


def test_a_password_lets_nobody_past_their_provider(provider: Provider, signs_in: SignsIn) -> None:
    provider.hire("nora", "shop-devs")
    signs_in("nora")
    nora = called("nora")
    nora.set_password(factories.PASSWORD)
    nora.save()
    form = {"username": "nora", "password": factories.PASSWORD}
    assert Client().post(reverse("sign-in"), form).status_code == 422


def test_tokens_of_the_provider_are_sealed(provider: Provider, signs_in: SignsIn) -> None:
    provider.hire("nora", "shop-devs")
    signs_in("nora")
    sealed = bytes(ProviderAccount.objects.get().sealed)
    assert sealed
    assert not any(token.encode() in sealed for token in [*provider.refresh, *provider.access])


def test_an_answer_for_another_browser_lets_nobody_in(
    provider: Provider, signs_in: SignsIn
) -> None:
    provider.hire("nora", "shop-devs")
    back = reverse("openid_connect_callback", args=["corp"])
    answer = Client().get(f"{back}?code=stolen&state=foreign")
    assert answer["Location"] == reverse("sign-in")
    assert not Person.objects.exists()


def test_another_site_cannot_begin_a_sign_in(provider: Provider) -> None:
    begin = reverse("openid_connect_login", args=["corp"])
    answer = Client().get(begin, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer["Location"] == reverse("sign-in")


def test_nothing_of_the_address_reaches_the_provider(provider: Provider, db: None) -> None:
    begin = reverse("openid_connect_login", args=["corp"])
    away = Client().get(f"{begin}?scope=everything&auth_params=prompt%3Dnone")["Location"]
    assert "everything" not in away
    assert "prompt" not in away


@pytest.mark.parametrize("mood", ["fails", "nonsense"])
def test_a_broken_provider_leads_back_to_the_sign_in_page(
    mood: str, provider: Provider, db: None
) -> None:
    provider.mood = mood
    answer = Client().get(reverse("openid_connect_login", args=["corp"]))
    assert answer["Location"] == reverse("sign-in")


def test_a_provider_that_is_not_in_the_settings_is_unknown(db: None) -> None:
    assert Client().get("/sign-in/with/other").status_code == 404
    assert Client().get("/sign-in/with/other/back?code=1&state=2").status_code == 404


def test_the_session_is_listed_with_its_provider(provider: Provider, signs_in: SignsIn) -> None:
    provider.hire("nora", "shop-devs")
    client, _ = signs_in("nora")
    assert SignIn.objects.get().way == "corp"
    assert "by corp" in client.get(reverse("sessions")).content.decode()
