"""Signing in and out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from egress.models import AuditEvent, AuditHead, Person
from tests import factories
from tests.web.browsing import body, get, signed_in, words

pytestmark = pytest.mark.django_db


def sign_in(username: str, password: str, **data: str) -> Any:
    return Client().post(reverse("sign-in"), {"username": username, "password": password, **data})


def test_somebody_signs_in_and_lands_on_home(owner: Person) -> None:
    response = sign_in("owner", factories.PASSWORD)
    assert response.status_code == 302
    assert response["Location"] == reverse("home")


def test_somebody_lands_on_the_page_they_wanted(owner: Person) -> None:
    response = sign_in("owner", factories.PASSWORD, next=reverse("queue"))
    assert response["Location"] == reverse("queue")


def test_signing_in_never_leads_to_another_site(owner: Person) -> None:
    response = sign_in("owner", factories.PASSWORD, next="https://evil.example/steal")
    assert response["Location"] == reverse("home")


def test_a_wrong_password_says_so_and_keeps_the_name(owner: Person) -> None:
    response = sign_in("owner", "wrong")
    assert response.status_code == 422
    assert "do not belong together" in words(response)
    assert 'value="owner"' in body(response)
    assert "wrong" not in body(response)


def test_a_switched_off_account_does_not_sign_in(owner: Person) -> None:
    Person.objects.update(is_active=False)
    assert sign_in("owner", factories.PASSWORD).status_code == 422


def test_people_of_the_demo_are_listed_in_the_demo_only(settings: Any) -> None:
    factories.person("dana")
    assert "demo-dana" not in body(get(None, "sign-in"))
    settings.DEMO = True
    page = body(get(None, "sign-in"))
    assert "Sign in as dana" in page
    assert "Sign in as pavel" not in page, "only people that exist are offered"


def test_signing_out_ends_the_session_and_needs_a_form(owner: Person) -> None:
    client = signed_in(owner)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.post(reverse("sign-out"))["Location"] == reverse("sign-in")
    assert client.get(reverse("home")).status_code == 302


def test_coming_and_going_is_on_record(owner: Person) -> None:
    client = Client()
    client.post(reverse("sign-in"), {"username": "owner", "password": "wrong"})
    client.post(reverse("sign-in"), {"username": "owner", "password": factories.PASSWORD})
    client.post(reverse("sign-out"))
    client.post(reverse("sign-out"))
    tags = AuditEvent.objects.order_by("sequence").values_list("tag", flat=True)
    assert list(tags) == ["person:signed-in", "person:signed-out"]


def test_nobody_signs_in_unrecorded(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    AuditHead.objects.all().delete()
    client = Client()
    form = {"username": "owner", "password": factories.PASSWORD}
    assert client.post(reverse("sign-in"), form).status_code == 503
    assert client.get(reverse("home")).status_code == 302


def test_signing_in_needs_the_token_of_the_form(owner: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("sign-in"), {"username": "owner", "password": factories.PASSWORD})
    assert answer.status_code == 403
    assert "too old" in words(answer)


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/me/", "/requests/new"])
def test_whoever_asks_under_the_name_of_another_host_gets_nothing(db: None, path: str) -> None:
    answer = Client().get(path, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_the_name_that_a_proxy_hands_on_is_not_believed(db: None) -> None:
    answer = Client().get("/requests/new", headers={"x-forwarded-host": "evil.example"})
    assert answer.status_code == 302
    assert "evil.example" not in answer["Location"] + answer.content.decode()
