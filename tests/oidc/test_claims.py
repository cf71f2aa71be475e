"""What a provider says counts at every submit and decision; when it is silent, nothing does."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.models import ApiToken, Namespace, Person, ProviderAccount, Request
from egress.models.standing import standing_of
from egress.services import people, tokens
from egress.services import requests as service
from egress.services.errors import NotAllowed, Refused, Unavailable
from egress.services.sign_in import claims, refresh_claims
from egress.services.sign_in.calls import forget_configurations
from egress.web.sign_in.adapters import UPKEEP_AT
from tests import factories
from tests.oidc.conftest import SignsIn, called
from tests.oidc.provider import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def nora(provider: Provider, signs_in: SignsIn) -> Person:
    """Somebody of team-shop, by the word of the provider."""
    provider.hire("nora", "shop-devs", "egress-data")
    signs_in("nora")
    return called("nora")


def ask(who: Person, namespace: Namespace) -> Request:
    draft = factories.draft(namespace, f"api{factories.number()}.github.com")
    return service.submit(draft=draft, actor=factories.actor(who))


def approve(who: Person, request: Request) -> Request:
    verdicts = {row.position: Verdict.APPROVED for row in request.destinations.all()}
    actor = factories.actor(who)
    return service.decide(request=request, actor=actor, revision=1, verdicts=verdicts)


def test_losing_the_group_loses_the_right_at_the_next_submit(
    provider: Provider, nora: Person, shop: Namespace, alice: Person
) -> None:
    ask(nora, shop)
    provider.hire("nora", "egress-data")
    with pytest.raises((NotAllowed, Refused)):
        ask(nora, shop)
    assert Request.objects.count() == 1
    assert standing_of(nora).teams == {"data"}


def test_losing_the_group_loses_the_right_at_the_next_decision(
    provider: Provider, nora: Person, shop: Namespace, owner: Person
) -> None:
    factories.role(factories.team("data"), "approver")
    first, second = ask(owner, shop), ask(owner, shop)
    assert approve(nora, first).status == "approved"
    provider.hire("nora", "shop-devs")
    with pytest.raises(NotAllowed):
        approve(nora, second)


@pytest.mark.parametrize("mood", ["fails", "nonsense", "hangs", "drips"])
def test_a_provider_that_does_not_answer_closes_within_three_seconds(
    mood: str, provider: Provider, nora: Person, shop: Namespace, alice: Person
) -> None:
    provider.mood = mood
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        ask(nora, shop)
    assert time.monotonic() - begun <= 3
    assert not Request.objects.exists()
    provider.mood = ""
    assert ask(nora, shop).pk


def test_an_account_closed_at_the_provider_ends_sessions_tokens_and_rights(
    provider: Provider, signs_in: SignsIn, nora: Person, shop: Namespace
) -> None:
    client, _ = signs_in("nora")
    _, secret = tokens.create(
        owner=nora, name="ci", scopes=["read"], days=5, actor=factories.actor(nora)
    )
    del provider.people["nora"]
    with pytest.raises(NotAllowed):
        ask(nora, shop)
    assert client.get(reverse("home")).status_code == 302
    assert standing_of(nora).teams == frozenset()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 401
    provider.hire("nora", "shop-devs")
    signs_in("nora")
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 200


def test_a_token_asks_the_provider_every_five_minutes(provider: Provider, nora: Person) -> None:
    _, secret = tokens.create(
        owner=nora, name="ci", scopes=["read"], days=5, actor=factories.actor(nora)
    )
    bearer = {"Authorization": f"Bearer {secret}"}
    provider.calls.clear()
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 200
    assert provider.calls == []
    grow_old(nora)
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 200
    assert "/userinfo" in provider.calls
    grow_old(nora)
    provider.mood = "fails"
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 503


def test_a_session_asks_the_provider_every_few_minutes(
    provider: Provider, signs_in: SignsIn, nora: Person
) -> None:
    client, _ = signs_in("nora")
    provider.mood = "fails"
    assert client.get(reverse("home")).status_code == 200
    use_later(client, nora)
    assert client.get(reverse("home")).status_code == 503
    assert client.post(reverse("sign-out")).status_code == 302
    provider.mood = ""
    client, _ = signs_in("nora")
    use_later(client, nora)
    del provider.people["nora"]
    assert client.get(reverse("home")).status_code == 302
    assert client.get(reverse("home"))["Location"].startswith(reverse("sign-in"))


def test_what_an_admin_gave_stays_when_the_provider_takes_its_own(
    provider: Provider, nora: Person
) -> None:
    nora.groups.add(factories.team("team-by-hand"))
    provider.hire("nora", "shop-devs")
    refresh_claims(nora)
    assert standing_of(nora).teams == {"team-shop", "team-by-hand"}


def test_admins_do_not_take_away_what_the_provider_gives(
    provider: Provider, nora: Person, adam: Person
) -> None:
    provider.hire("nora", "shop-devs", "portal-admins")
    refresh_claims(nora)
    actor = factories.actor(adam)
    with pytest.raises(Refused) as no:
        people.set_members(team=factories.team("team-shop"), people=[], actor=actor)
    assert no.value.reason == "GivenByProvider"
    with pytest.raises(Refused):
        people.unbind_role(binding=nora.roles.get(), actor=actor)
    with pytest.raises(Refused):
        people.set_password(person=nora, password=factories.PASSWORD, actor=actor)


def test_people_of_this_portal_never_wait_for_a_provider(
    provider: Provider, owner: Person, shop: Namespace, alice: Person
) -> None:
    provider.mood = "hangs"
    assert ask(owner, shop).pk
    assert provider.calls == []


def test_a_provider_taken_out_of_the_settings_lets_nobody_act(
    provider: Provider, nora: Person, settings: Any
) -> None:
    settings.OIDC_PROVIDERS = []
    with pytest.raises(NotAllowed):
        refresh_claims(nora)
    assert ProviderAccount.objects.get().closed_at


def test_the_word_for_somebody_else_is_not_believed(provider: Provider, nora: Person) -> None:
    provider.people["nora"]["sub"] = "eve"
    with pytest.raises(NotAllowed):
        refresh_claims(nora)


def test_who_was_closed_while_their_claims_were_read_may_not_go_on(
    provider: Provider, nora: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = claims._claims_now

    def slowly(account: ProviderAccount, given: Any) -> dict[str, Any]:
        said = read(account, given)
        claims.close(ProviderAccount.objects.get(pk=account.pk), "Another worker found out.")
        return said

    monkeypatch.setattr(claims, "_claims_now", slowly)
    with pytest.raises(NotAllowed) as no:
        refresh_claims(nora)
    assert no.value.reason == "ClosedAtProvider"


@pytest.mark.parametrize("lacking", ["token_endpoint", "userinfo_endpoint"])
def test_a_provider_that_hides_where_it_answers_is_one_that_does_not_answer(
    lacking: str, provider: Provider, nora: Person
) -> None:
    forget_configurations()
    provider.hidden.add(lacking)
    with pytest.raises(Unavailable):
        refresh_claims(nora)
    provider.hidden.clear()
    refresh_claims(nora)


def test_without_any_token_nobody_can_tell(provider: Provider, nora: Person) -> None:
    ProviderAccount.objects.update(sealed=claims.sealed_tokens({}))
    with pytest.raises(Unavailable):
        refresh_claims(nora)
    assert ProviderAccount.objects.get().closed_at is None


@pytest.mark.django_db(transaction=True)
def test_many_at_once_use_a_refresh_token_once(provider: Provider, nora: Person) -> None:
    def read(_: int) -> None:
        try:
            refresh_claims(nora)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    assert ProviderAccount.objects.get().closed_at is None


def test_a_key_of_idempotency_holds_no_lock_while_the_provider_is_asked(
    provider: Provider, nora: Person, shop: Namespace, alice: Person
) -> None:
    _, secret = tokens.create(
        owner=nora, name="ci", scopes=["request"], days=5, actor=factories.actor(nora)
    )
    provider.calls.clear()
    body = {"cluster": "main", "namespace": "shop", "reason": "r", "destinations": []}
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "one"}
    Client().post("/api/v1/requests/", body, content_type="application/json", headers=headers)
    assert provider.calls.count("/token") == 1
    assert ApiToken.objects.count() == 1


def grow_old(person: Person) -> None:
    ProviderAccount.objects.filter(person=person).update(
        read_at=timezone.now() - timedelta(minutes=6)
    )


def use_later(client: Client, person: Person) -> None:
    grow_old(person)
    session = client.session
    session[UPKEEP_AT] = int(time.time()) - 360
    session.save()
