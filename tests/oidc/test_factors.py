"""Second factors: set up, asked for at the sign-in, and needed by those who decide."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from egress.domain.lifecycle import Verdict
from egress.models import AuditEvent, Namespace, Person, ProviderAccount
from egress.services import people, tokens
from egress.services import requests as service
from egress.services.errors import NotAllowed
from egress.services.sign_in import guesses
from egress.web.sign_in.adapters import Factors
from tests import factories
from tests.oidc.conftest import SignsIn, called
from tests.oidc.provider import Provider

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(secret: str = SECRET, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def with_app(person: Person) -> Person:
    data = {"secret": Factors().encrypt(SECRET)}
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data=data)
    return person


def with_password(username: str, client: Client | None = None) -> tuple[Client, Any]:
    browser = client or Client()
    form = {"username": username, "password": factories.PASSWORD, "next": reverse("queue")}
    return browser, browser.post(reverse("sign-in"), form)


def test_somebody_sets_up_an_app_and_gets_recovery_codes(owner: Person) -> None:
    client, _ = with_password("owner")
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    secret = client.session["mfa.totp.secret"]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    assert b"Recovery codes" in client.get(answer["Location"]).content
    assert client.get(reverse("mfa_index")).status_code == 200
    tags = list(AuditEvent.objects.values_list("tag", flat=True).order_by("sequence"))
    assert tags == ["person:signed-in", "person:factor-added", "person:factor-added"]
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored


@pytest.mark.parametrize("kind", [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
def test_a_session_that_never_showed_the_factor_ends_when_one_is_set_up(
    owner: Person, stranger: Person, kind: str
) -> None:
    thief, other = Client(), Client()
    thief.force_login(owner)
    other.force_login(stranger)
    Authenticator.objects.create(user=owner, type=kind, data={"secret": "x"})
    assert thief.get(reverse("home")).status_code == 302
    assert thief.get("/api/v1/me/").status_code == 401
    assert other.get(reverse("home")).status_code == 200
    assert AuditEvent.objects.filter(tag="person:sessions-ended", target_id=owner.pk).count() == 1


def test_whoever_sets_an_app_up_stays_signed_in_and_hears_that_other_sessions_ended(
    owner: Person,
) -> None:
    (here, _), (there, _) = with_password("owner"), with_password("owner")
    here.get(reverse("mfa_activate_totp"))
    actor = factories.actor(owner)
    _, secret = tokens.create(owner=owner, name="ci", scopes=["read"], days=5, actor=actor)
    form = {"code": code(here.session["mfa.totp.secret"])}
    page = here.post(reverse("mfa_activate_totp"), form, follow=True)
    assert b"Your other sessions ended" in page.content
    assert here.get(reverse("home")).status_code == 200
    assert there.get(reverse("home")).status_code == 302
    assert owner.sign_ins.count() == 1
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me/", headers=bearer).status_code == 200


def test_new_recovery_codes_end_no_session(owner: Person) -> None:
    client = Client()
    client.force_login(owner)
    kind = Authenticator.Type.RECOVERY_CODES
    Authenticator.objects.create(user=owner, type=kind, data={"seed": "x", "used_mask": 0})
    assert client.get(reverse("home")).status_code == 200


def test_a_wrong_code_sets_nothing_up(owner: Person) -> None:
    client, _ = with_password("owner")
    client.get(reverse("mfa_activate_totp"))
    answer = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert b"not the code of now" in answer.content
    assert not Authenticator.objects.exists()


def test_the_password_alone_lets_nobody_in_who_has_an_app(owner: Person) -> None:
    with_app(owner)
    client, answer = with_password("owner")
    assert answer["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("home")).status_code == 302
    assert client.get(reverse("mfa_authenticate")).status_code == 200
    answer = client.post(reverse("mfa_authenticate"), {"code": code()})
    assert answer["Location"] == reverse("queue")
    assert client.get(reverse("home")).status_code == 200


def test_a_code_works_once(owner: Person) -> None:
    with_app(owner)
    now = code()
    first, second = with_password("owner")[0], with_password("owner")[0]
    assert first.post(reverse("mfa_authenticate"), {"code": now}).status_code == 302
    assert second.post(reverse("mfa_authenticate"), {"code": now}).status_code == 200
    assert second.get(reverse("home")).status_code == 302


def test_codes_are_not_guessed(owner: Person) -> None:
    with_app(owner)
    client, _ = with_password("owner")
    for _ in range(guesses.BY_CODE.count):
        client.post(reverse("mfa_authenticate"), {"code": "1"})
    answer = client.post(reverse("mfa_authenticate"), {"code": code()})
    assert b"tried too often" in answer.content
    assert client.get(reverse("home")).status_code == 302


def test_factors_change_only_after_confirming(owner: Person) -> None:
    with_app(owner)
    client = Client()
    client.force_login(owner)
    answer = client.get(reverse("mfa_deactivate_totp"))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert client.get(answer["Location"]).status_code == 200
    back = {"password": factories.PASSWORD, "next": reverse("mfa_deactivate_totp")}
    answer = client.post(reverse("account_reauthenticate"), back)
    assert answer["Location"] == reverse("mfa_deactivate_totp")
    assert client.get(answer["Location"]).status_code == 200
    assert client.post(answer["Location"])["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()


def test_people_of_a_provider_sign_in_anew_before_they_set_up_a_factor(
    provider: Provider, signs_in: SignsIn
) -> None:
    provider.hire("nora", "shop-devs")
    client, _ = signs_in("nora")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    called("nora").sign_ins.update(began_at="2026-01-01T00:00Z")
    away = client.get(reverse("mfa_activate_totp"))["Location"]
    assert away.startswith(reverse("openid_connect_login", args=["corp"]))


class TestWhenDecidersNeedOne:
    @pytest.fixture(autouse=True)
    def _needed(self, settings: Any) -> None:
        settings.MFA_REQUIRED = "deciders"

    def test_an_approver_without_one_may_not_decide(
        self, owner: Person, alice: Person, shop: Namespace
    ) -> None:
        request = service.submit(draft=factories.draft(shop), actor=factories.actor(owner))
        said = {0: Verdict.APPROVED}
        actor = factories.actor(alice)
        with pytest.raises(NotAllowed) as no:
            service.decide(request=request, actor=actor, revision=1, verdicts=said)
        assert no.value.reason == "SecondFactorMissing"
        with_app(alice)
        done = service.decide(request=request, actor=actor, revision=1, verdicts=said)
        assert done.status == "approved"

    def test_an_admin_without_one_administers_nothing(self, adam: Person) -> None:
        with pytest.raises(NotAllowed):
            people.create_team(name="new", actor=factories.actor(adam))

    def test_they_are_led_to_set_one_up(self, alice: Person, owner: Person) -> None:
        client = Client()
        client.force_login(alice)
        assert client.get(reverse("queue"))["Location"] == reverse("mfa_index")
        assert client.get(reverse("mfa_index")).status_code == 200
        with_app(alice)
        client.force_login(alice)
        assert client.get(reverse("queue")).status_code == 200
        client.force_login(owner)
        assert client.get(reverse("home")).status_code == 200

    def test_the_provider_may_have_seen_one(self, provider: Provider, signs_in: SignsIn) -> None:
        provider.hire("ada", "portal-admins", amr=["pwd", "mfa"])
        signs_in("ada")
        assert people.create_team(name="new", actor=factories.actor(called("ada"))).pk
        provider.hire("ada", "portal-admins", amr=["pwd"])
        signs_in("ada")
        assert not ProviderAccount.objects.get().is_strong
        with pytest.raises(NotAllowed):
            people.create_team(name="other", actor=factories.actor(called("ada")))
