"""The pages of webhooks: admins only, secrets once, mistakes beside the field."""

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from pytest_django import Settings

from egress.models import Outgoing, Person, Webhook

LIST = "/administration/webhooks"
TYPED = {"name": "ci", "url": "https://ci.example.com/secret-path", "groups": ["requests"]}


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]


@pytest.fixture
def browser(client: Client, adam: Person) -> Client:
    client.force_login(adam, "egress.backend.PeopleBackend")
    return client


@pytest.fixture
def webhook(browser: Client) -> Webhook:
    browser.post(f"{LIST}/new", {**TYPED, "namespaces": "*"})
    return Webhook.objects.get()


def test_the_secret_is_shown_once_and_the_address_never(browser: Client) -> None:
    answer = browser.post(f"{LIST}/new", {**TYPED, "namespaces": "*"})
    text = answer.content.decode()
    assert "whsec_" in text
    assert "no-store" in answer["Cache-Control"]
    pk = Webhook.objects.get().pk
    for address in (LIST, f"{LIST}/{pk}"):
        page = browser.get(address).content.decode()
        assert "whsec_" not in page
        assert "secret-path" not in text + page


def test_a_mistake_keeps_what_was_typed(browser: Client) -> None:
    answer = browser.post(f"{LIST}/new", {**TYPED, "url": "http://ci.example.com/"})
    assert answer.status_code == 422
    assert "called over https" in answer.content.decode()
    assert 'value="ci"' in answer.content.decode()


def test_a_test_event_shows_until_it_arrived(browser: Client, webhook: Webhook) -> None:
    assert browser.post(f"{LIST}/{webhook.pk}/test").status_code == 302
    page = browser.get(f"{LIST}/{webhook.pk}").content.decode()
    assert "portal:test" in page
    assert "every 2s" in page
    Outgoing.objects.update(status=Outgoing.Status.GIVEN_UP, message="It answered 500.")
    settled = browser.get(f"{LIST}/{webhook.pk}/messages")
    assert settled.status_code == 286
    assert "It answered 500." in settled.content.decode()
    row = Outgoing.objects.get()
    browser.post(f"{LIST}/{webhook.pk}/messages/{row.pk}/again")
    row.refresh_from_db()
    assert row.status == Outgoing.Status.WAITING


def test_a_new_secret_is_shown_once(browser: Client, webhook: Webhook) -> None:
    answer = browser.post(f"{LIST}/{webhook.pk}/secret")
    assert "whsec_" in answer.content.decode()
    assert "as well, until" in answer.content.decode()


def test_a_retired_webhook_says_so(browser: Client, webhook: Webhook) -> None:
    browser.post(f"{LIST}/{webhook.pk}/retire")
    assert "Retired" in browser.get(LIST).content.decode()
    assert "It is called no more" in browser.get(f"{LIST}/{webhook.pk}").content.decode()


@pytest.mark.parametrize("path", ["", "/new", "/{}", "/{}/messages"])
def test_nobody_else_sees_them(path: str, client: Client, webhook: Webhook, olga: Person) -> None:
    client.force_login(olga, "egress.backend.PeopleBackend")
    assert client.get(LIST + path.format(webhook.pk)).status_code == 403
